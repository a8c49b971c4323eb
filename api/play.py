"""What is in play beside the visitor: the visit that is going on, and the items on the page."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.reading import Reader, Reading
from attune.features.entities import ITEM, SESSION


@dataclass(frozen=True, slots=True)
class InPlay:
    """The ids that a request gives: of the visit, and of the items, the page's own first."""

    session: str | None = None
    items: Sequence[str] = ()

    def looked_at(self, selected: Collection[str], rules: Collection[str]) -> "InPlay":
        """Return what of it an answer needs; nothing else is read.

        `selected` are the fields asked of the visitor, `rules` what the rules of the content name.
        """
        named = rules if "blocks" in selected else ()
        session = self.session if "session" in selected or SESSION.name in named else None
        if "items" in selected:
            return InPlay(session, self.items)
        return InPlay(session, self.items[:1] if ITEM.name in named else ())

    def __bool__(self) -> bool:
        return bool(self.session or self.items)


class Play:
    """What is known of it."""

    __slots__ = ("items", "session")

    def __init__(self, session: Reading | None, items: Sequence[Reading]) -> None:
        self.session = session
        self.items = items
        """In the order of the ids, however often one comes."""

    @property
    def named(self) -> Iterator[tuple[str, Reading]]:
        """What rules know, by its name; `item` is the first."""
        if self.session:
            yield SESSION.name, self.session
        if self.items:
            yield ITEM.name, self.items[0]

    def missing(self) -> Iterator[str]:
        """Yield what could not be read of it; what holds for many items once."""
        if self.session:
            yield from (f"session.{each}" for each in self.session.check())
        yield from dict.fromkeys(f"items.{each}" for item in self.items for each in item.check())


async def read_in_play(readers: Mapping[str, Reader], ids: InPlay, now: int) -> Play:
    """Return what is known of ids at `now`, or at the latest event of each: one round trip."""
    sessions, items = await asyncio.gather(
        _read(readers.get(SESSION.name), [ids.session] if ids.session else (), now),
        _read(readers.get(ITEM.name), ids.items, now),
    )
    return Play(sessions[0] if sessions else None, items)


async def _read(reader: Reader | None, ids: Sequence[str], now: int) -> list[Reading]:
    return await reader.read_all(ids, now) if reader and ids else []
