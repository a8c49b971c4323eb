"""Saving many rows at once, while the next ones are folded."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import Generic, TypeVar, cast

from attune.profiles.kept import Kept

AT_ONCE = 300
"""Rows of one write: the store works on these while we fold the next ones."""

Held = TypeVar("Held", bound=Kept)
One = TypeVar("One")


class Saves(Generic[Held]):
    """Writes that are under way; leaving the block waits for all of them.

    Raises, when left or at the next write:
        Unavailable: a write failed; any of the others may have been done.
    """

    def __init__(self, save: Callable[[Sequence[Held]], Awaitable[list[Held]]]) -> None:
        self._save = save
        self._under_way: list[asyncio.Task[list[Held]]] = []
        self.refused: list[Held] = []
        """What somebody else wrote meanwhile; known when the block was left."""

    async def begin(self, rows: Sequence[Held]) -> None:
        """Send rows on their way."""
        if rows:
            self._under_way.append(asyncio.create_task(self._saved(rows)))
        await asyncio.sleep(0)  # so that the write goes out before we fold on
        for one in self._under_way:
            if one.done() and (failure := one.exception()):
                raise failure

    async def _saved(self, rows: Sequence[Held]) -> list[Held]:
        return await self._save(rows)

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
