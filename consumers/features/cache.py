"""Entities that stay decoded between batches: most visitors come again within the minute."""

from itertools import islice
from typing import Generic, TypeVar

from attune.profiles.kept import Kept

Held = TypeVar("Held", bound=Kept)


class Cache(Generic[Held]):
    """At most so many, the longest unused ones go first.

    Nobody else tells us when an entity changes; the version that guards every write does. A write
    that is refused drops the entity here, and whoever comes next reads it again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, Held] = {}

    def take(self, entity: str) -> Held | None:
        """Return an entity and forget it, until it is put back as it was written."""
        return self._held.pop(entity, None)

    def put(self, kept: Held) -> None:
        """Keep an entity as the store has it now."""
        self._held[kept.id] = kept

    def clear(self) -> None:
        """Let go of everything."""
        self._held.clear()

    def trim(self) -> None:
        """Let go of what is too much."""
        for entity in list(islice(self._held, max(0, len(self._held) - self._most))):
            del self._held[entity]
