"""Contender `stream.floor`: consume, decode and commit, and nothing else."""

import asyncio
import sys

from marks import Marks

from attune.adapters.kafka.member import open_source
from attune.collect.event import decode
from attune.settings import Settings
from attune.stream import EVENTS


async def main(group: str, count: int) -> None:
    """Take in `count` events as `group`, and tell the rate."""
    settings = Settings(_env_file=None)
    stop, marks, done = asyncio.Event(), Marks(), 0
    async with open_source(settings.kafka, group, EVENTS, 0) as source:
        async for batch in source.batches(stop):
            for message in batch:
                decode(message.value)
            if batch:
                await source.commit()
                done += len(batch)
                marks.at(done)
            if done >= count:
                stop.set()
    marks.tell()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
