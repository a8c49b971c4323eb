"""A consumer group as Kafka and the runner drive it, without either."""

import asyncio
from collections.abc import Iterable, Sequence

from attune.errors import Emptied
from attune.ports import Places, Taken
from attune.stream import EVENTS
from consumers.features.consumer import Features


class Group:
    """What a group has committed of a few messages; everybody joins once more when one does."""

    def __init__(self, messages: Iterable[Taken], partitions: int = 1) -> None:
        self.committed = dict.fromkeys(
            ((topic, partition) for topic in EVENTS for partition in range(partitions)), 0
        )
        self.generation = 0
        self._messages = list(messages)

    async def going_on(self) -> Places:
        return dict(self.committed)

    def ahead(self, partitions: Iterable[int]) -> list[Taken]:
        """What is not committed of these partitions."""
        return [
            one
            for one in self._messages
            if one.position.partition in partitions
            and one.position.offset >= self.committed[place_of(one)]
        ]

    def commit(self, batch: Sequence[Taken]) -> None:
        for one in batch:
            self.committed[place_of(one)] = one.position.offset + 1


class Member:
    """Joins, begins, takes and commits as the runner has a consumer do it."""

    def __init__(self, group: Group, consumer: Features, *partitions: int) -> None:
        self._group = group
        self._consumer = consumer
        self._partitions = partitions
        self._generation = 0
        self._read: set[tuple[str, int]] = set()

    async def join(self) -> None:
        """Come to the group; all others find themselves in another generation of it."""
        self._group.generation += 1
        await self._joined()

    async def _joined(self) -> None:
        self._generation = self._group.generation
        self._read.clear()
        await self._consumer.joins(await self._group.going_on())

    async def run(self, size: int) -> None:
        """Take all that is there, and join anew whenever the store was emptied."""
        while ahead := self._group.ahead(self._partitions):
            try:
                if self._generation != self._group.generation:
                    await self._joined()
                await self.take(ahead[:size])
            except Emptied:
                await self.join()

    async def take(self, batch: Sequence[Taken]) -> None:
        first: dict[tuple[str, int], int] = {}
        for one in batch:
            if place_of(one) not in self._read:
                first.setdefault(place_of(one), one.position.offset)
        if first:
            await self._consumer.begins(first)
            self._read.update(first)
        await self._consumer.take(batch)
        await asyncio.sleep(0)
        if self._generation == self._group.generation:  # else it is refused, and all is read again
            self._group.commit(batch)


def place_of(one: Taken) -> tuple[str, int]:
    return one.position.topic, one.position.partition
