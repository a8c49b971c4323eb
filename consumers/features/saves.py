"""Saving rows, many at once, while the next ones are folded."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

from attune.ports import OnlineStore, Row, Write
from attune.profiles.kept import Kept
from attune.stream import Position
from consumers.features.faults import tell_lost

AT_ONCE = 300
"""Rows of one request: the store works on these while we fold others."""
_AHEAD = 3
"""Portions under way: one is loaded, one folded and one saved. With more of them, replies would lie
in the socket for as long as we fold, and pass for late ones where a feature is slow."""

Id = TypeVar("Id")
Of = TypeVar("Of")

Packed: TypeAlias = tuple[str, Row, Write | None]
"""An entity's id, its row as it was read, and what is to be written of it."""

Keep: TypeAlias = Callable[[str, Row], None]

Retries: TypeAlias = set[Position]
"""Where events lay that a client has sent a second time: they count once."""


def packed(kept: Kept) -> Packed:
    """Pack what was folded, right after that: nobody needs it any more."""
    write = kept.write()
    if kept.has_lost:
        tell_lost(kept)
    return kept.id, kept.row, write


async def save(store: OnlineStore, rows: Sequence[Packed], keep: Keep) -> set[str]:
    """Write what has changed; return the entities that somebody else wrote meanwhile.

    `keep` is given the others with their rows, as the store has them then.

    Raises:
        Emptied, Unavailable: as `OnlineStore.save` does.
    """
    writes = [write for _, _, write in rows if write is not None]
    refused = await store.save(writes) if writes else set()
    for entity, row, write in rows:
        if entity not in refused:
            keep(entity, row if write is None else row.after(write))
    return refused


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
