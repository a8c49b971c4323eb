"""Twins of a consumer and of what it reads, for tests of what is between them: the runner."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import pytest
from making import NOON

from attune.collect.event import Event, encode
from attune.dead import DeadLetter
from attune.ports import Places, Refused, Taken
from attune.settings import Settings
from attune.stream import BEHAVIORAL, Message, Position
from consumers import runner
from consumers.runner import run

SETTINGS = Settings(_env_file=None)
NOTHING: Mapping[str, str] = MappingProxyType({})


class Recording:
    """Takes everything, save what it cannot bear."""

    name = "recording"
    topics = (BEHAVIORAL,)
    linger = 0.0

    def __init__(self, refusing: Mapping[str, str] = NOTHING, **raising: Exception) -> None:
        self.taken: list[str] = []
        self.told: list[str] = []
        self.joined: list[Places] = []
        self.begun: list[Places] = []
        self._refusing = refusing
        self._raising = raising

    async def joins(self, expected: Places) -> None:
        self.told.append("joins")
        self.joined.append(expected)

    async def begins(self, first: Places) -> None:
        self.told.append("begins")
        self.begun.append(first)

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        for taken in batch:
            if error := self._raising.get(taken.event.id):
                raise error
        ids = [taken.event.id for taken in batch if taken.event.id not in self._refusing]
        self.told += ids
        self.taken += [each for each in ids if each not in self.taken]
        return [
            Refused(taken.position, self._refusing[taken.event.id])
            for taken in batch
            if taken.event.id in self._refusing
        ]


class Scripted:
    """A source that yields these batches, then sets `stop`, and nothing more."""

    def __init__(self, stop: asyncio.Event, *batches: list[Message]) -> None:
        self.letters: list[DeadLetter] = []
        self.commits = self.holds = self.yielded = 0
        self.joins = False
        self.stop = stop
        self._batches = batches

    async def batches(self, stop: asyncio.Event) -> AsyncIterator[list[Message]]:
        self.joins = True
        for batch in self._batches:
            if not stop.is_set():
                self.yielded += 1
                yield batch
        self.stop.set()
        await stop.wait()

    def joined(self) -> bool:
        joined, self.joins = self.joins, False
        return joined

    async def going_on(self) -> Places:
        return {(BEHAVIORAL, 0): 0}

    async def hold(self) -> None:
        self.holds += 1

    async def lag(self) -> dict[tuple[str, int], int]:
        return {(BEHAVIORAL, 0): 0}

    async def put_aside(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters

    async def commit(self) -> None:
        self.commits += 1


def messages(*found: Event | bytes, start: int = 0) -> list[Message]:
    return [
        Message(Position(BEHAVIORAL, 0, n), b"ada", one if isinstance(one, bytes) else encode(one))
        for n, one in enumerate(found, start)
    ]


def scripted(monkeypatch: pytest.MonkeyPatch, *batches: list[Message]) -> Scripted:
    """What every consumer that is run from now on reads; its `stop` ends them."""
    source = Scripted(asyncio.Event(), *batches)

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Scripted]:
        yield source

    monkeypatch.setattr(runner, "open_source", opened)
    return source


async def driven(
    monkeypatch: pytest.MonkeyPatch, consumer: Recording, *batches: list[Message]
) -> Scripted:
    """Run a consumer over these batches."""
    source = scripted(monkeypatch, *batches)
    await run(consumer, SETTINGS, source.stop, lambda: NOON)
    return source
