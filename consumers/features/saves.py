"""Saving rows, many at once, while the next ones are folded."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

from mypy_extensions import mypyc_attr

from attune.ports import OnlineStore
from attune.profiles.kept import Kept
from attune.stream import Position
from consumers.features.cache import Cache
from consumers.features.faults import Faults

AT_ONCE = 300
"""Rows of one request: the store works on these while we fold others."""
_AHEAD = 3
"""Portions under way: one is loaded, one folded and one saved. With more of them, replies would lie
in the socket for as long as we fold, and pass for late ones where a feature is slow."""

Id = TypeVar("Id")
Of = TypeVar("Of")

Retries: TypeAlias = set[Position]
"""Where events lay that a client has sent a second time: they count once."""


@mypyc_attr(acyclic=True)
class Packed:
    """What is left of an entity that was folded, once it is packed: all else is let go at once."""

    __slots__ = ("id", "lost", "row", "write")

    def __init__(self, kept: Kept) -> None:
        self.id = kept.id
        self.row = kept.row
        """As it was read."""
        self.write = kept.write()
        """What has changed, if anything."""
        self.lost = kept.lost
        """Views that have lost a state, and why; see `Folded`."""


class Saving:
    """Writes rows of one kind of entity; those that are as the store has them can be kept."""

    def __init__(self, store: OnlineStore, cache: Cache, faults: Faults) -> None:
        self._store = store
        self._cache = cache
        self._faults = faults

    async def save(self, rows: Sequence[Packed]) -> set[str]:
        """Write what has changed; return the entities that somebody else wrote meanwhile.

        Raises:
            Emptied, Unavailable: as `OnlineStore.save` does.
        """
        writes = [one.write for one in rows if one.write is not None]
        refused = await self._store.save(writes) if writes else set()
        for one in rows:
            if one.id not in refused:
                self._saved(one)
        return refused

    def _saved(self, one: Packed) -> None:
        if one.lost:
            self._faults.tell_lost(one.id, one.lost)
        self._cache.put(one.id, one.row if one.write is None else one.row.after(one.write))


async def all_of(work: Iterable[Awaitable[object]]) -> None:
    """Have all done at the same time; where one raises, wait for the others before it is raised.

    A write must not outlive the batch that it is of.
    """
    for failure in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(failure, BaseException):
            raise failure


async def in_portions(
    pending: dict[Id, Of], work: Callable[[dict[Id, Of]], Awaitable[None]]
) -> None:
    """Do a portion after the other, a few at the same time; after a failure none is begun."""
    left = deque(_portions(pending))

    async def go_on() -> None:
        while left:
            try:
                await work(left.popleft())
            except BaseException:
                left.clear()
                raise

    await all_of([go_on() for _ in range(_AHEAD)])


def _portions(pending: dict[Id, Of]) -> Iterator[dict[Id, Of]]:
    rest = iter(pending.items())
    while portion := dict(islice(rest, AT_ONCE)):
        yield portion
