"""The features consumer under cProfile: from its first batch on, because starting is not its work.

Takes in so many events, then writes the statistics to a file and ends by itself.
"""

import asyncio
import cProfile
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from attune.ports import Consumer, Refused, Taken
from attune.settings import Settings
from consumers import main as role


class Profiled:
    """A consumer whose first batch turns the profiler on, and whose last one turns it off."""

    def __init__(self, consumer: Consumer, count: int, file: str) -> None:
        self._consumer = consumer
        self._left = count
        self._file = file
        self._profiler = cProfile.Profile()
        self._began = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the consumer has
        return getattr(self._consumer, name)

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """Pass the batch on; the runner's own work between two batches is in the profile."""
        if not self._began:
            self._began = True
            self._profiler.enable()
        refused = await self._consumer.take(batch)
        self._left -= len(batch)
        if self._left <= 0:
            self._profiler.disable()
            self._profiler.dump_stats(self._file)
            os.kill(os.getpid(), signal.SIGTERM)
        return refused


def main(count: int, file: str) -> None:
    """Run the role until it has taken in `count` events."""

    async def opened(stack: AsyncExitStack, settings: Settings) -> Consumer:
        return Profiled(await plain(stack, settings), count, file)

    plain = role.CONSUMERS["features"]
    role.CONSUMERS = {"features": opened}
    asyncio.run(role.consume(Settings(_env_file=None), ["features"]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
