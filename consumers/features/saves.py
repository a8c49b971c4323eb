"""Saving rows, many at once, while the next ones are folded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import Generic, TypeAlias, TypeVar, cast

from attune.ports import OnlineStore, Write
from attune.profiles.kept import Kept
from consumers.features.faults import tell_lost

AT_ONCE = 300
"""Rows of one write: the store works on these while we fold the next ones."""

Held = TypeVar("Held", bound=Kept)
One = TypeVar("One")

Packed: TypeAlias = tuple[Held, Write | None]
"""A row, and what is to be written of it: packed right after it was folded, while it is at hand."""


async def save(
    store: OnlineStore, rows: Sequence[Packed[Held]], keep: Callable[[Held], None]
) -> list[Held]:
    """Write what has changed; return the rows that somebody else wrote meanwhile.

    The others are as the store has them then: `keep` is given those.

    Raises:
        Emptied, Unavailable: as `OnlineStore.save` does.
    """
    writes = [write for _, write in rows if write is not None]
    refused = await store.save(writes) if writes else set()
    return _saved(rows, refused, keep)


def _saved(
    rows: Sequence[Packed[Held]], refused: set[str], keep: Callable[[Held], None]
) -> list[Held]:
    again: list[Held] = []
    for row, write in rows:
        if row.has_lost:
            tell_lost(row)
        if row.id in refused:
            again.append(row)
            continue
        if write is not None:  # else the row is at the version that it was read at
            row.saved()
        keep(row)
    return again


class Saves(Generic[Held]):
    """Writes that are under way; leaving the block waits for all of them.

    Raises, when left or at the next write:
        Emptied, Unavailable: a write failed; any of the others may have been done.
    """

    def __init__(self, store: OnlineStore, keep: Callable[[Held], None]) -> None:
        self._store = store
        self._keep = keep
        self._under_way: list[asyncio.Task[list[Held]]] = []
        self.refused: list[Held] = []
        """What somebody else wrote meanwhile; known when the block was left."""

    async def begin(self, rows: Sequence[Packed[Held]]) -> None:
        """Send rows on their way."""
        if rows:
            self._under_way.append(asyncio.create_task(self._saved(rows)))
        await asyncio.sleep(0)  # so that the write goes out before we fold on
        for one in self._under_way:
            if one.done() and (failure := one.exception()):
                raise failure

    async def _saved(self, rows: Sequence[Packed[Held]]) -> list[Held]:
        return await save(self._store, rows, self._keep)

    async def __aenter__(self) -> "Saves[Held]":
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for all, also where something broke: a write must not outlive its batch."""
        if error is None:
            self.refused = list(chain.from_iterable(await all_of(self._under_way)))
        else:
            await asyncio.gather(*self._under_way, return_exceptions=True)


async def all_of(work: Iterable[Awaitable[One]]) -> list[One]:
    """Return what each returns; where one raises, when the others have ended as well."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for found in done:
        if isinstance(found, BaseException):
            raise found
    return cast("list[One]", done)


def portions(of: Iterable[One]) -> Iterator[list[One]]:
    """Yield what is to be written at once."""
    rest = iter(of)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion
