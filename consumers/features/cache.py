"""Rows that need not be loaded: most visitors come again within the minute."""

from itertools import islice

from attune.ports import Row
from attune.profiles.profile import REDIRECT


class Cache:
    """At most so many rows as the store has them; the longest unused ones go first.

    They stay packed, 1 to 2 kB each: what is folded lives from its first event to its write only,
    in memory that is at hand, and the next entity takes it over.

    Nobody else tells us when an entity changes; the version that guards every write does. A write
    that is refused drops the row here, and whoever comes next loads it again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, Row] = {}

    def take(self, entity: str) -> Row | None:
        """Return a row and forget it, until it is put back as it was written."""
        return self._held.pop(entity, None)

    def put(self, entity: str, row: Row) -> None:
        """Keep a row that the store has now, unless it leads elsewhere: others may change that."""
        if REDIRECT not in row.records:
            # Values of plain views are of no use to whoever folds.
            kept = Row(row.version, row.states, row.records) if row.plain else row
            self._held[entity] = kept

    def clear(self) -> None:
        """Let go of everything."""
        self._held.clear()

    def trim(self) -> None:
        """Let go of what is too much."""
        for entity in list(islice(self._held, max(0, len(self._held) - self._most))):
            del self._held[entity]
