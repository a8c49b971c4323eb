"""What a visitor has lately looked at."""

import struct
from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.feature import Act, Feature, Field, Value

_ENTRY = struct.Struct("<qH")  # when last seen (ms since 1970), bytes of the name that follows


@dataclass(frozen=True)
class LastCategories(Feature[dict[str, int]]):
    """The last `keep` different product categories, newest first.

    Ties in time go by name. A category pushed out by `keep` newer ones can only come back by a
    newer event, so the order of arrival does not matter.
    """

    keep: int = 5
    acts: frozenset[Act] = frozenset({"viewed", "added", "purchased"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """One list."""
        return (
            Field("last_categories", "string_list", f"Last {self.keep} categories, newest first"),
        )

    def empty(self) -> dict[str, int]:
        """Nothing seen; the state maps a category to its latest event."""
        return {}

    def update(self, state: dict[str, int], event: Event) -> dict[str, int]:
        """Put the categories of the event's products in front."""
        if event.commerce is None:
            return state
        at = event.at
        return self._newest(
            state, {p.category: at for p in event.commerce.products if p.category is not None}
        )

    def merge(self, ours: dict[str, int], theirs: dict[str, int]) -> dict[str, int]:
        """Keep the newest of both."""
        return self._newest(ours, theirs)

    def _newest(self, state: dict[str, int], new: dict[str, int]) -> dict[str, int]:
        for category, at in new.items():
            state[category] = max(at, state.get(category, at))
        if len(state) <= self.keep:
            return state
        return {c: state[c] for c in self._in_order(state)[: self.keep]}

    @staticmethod
    def _in_order(state: dict[str, int]) -> list[str]:
        return sorted(state, key=lambda category: (-state[category], category))

    def read(self, state: dict[str, int], now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """Newest first."""
        return (self._in_order(state),)

    def pack(self, state: dict[str, int]) -> bytes:
        """A count, then time and name of each, newest first."""
        parts = [bytes([len(state)])]
        for category in self._in_order(state):
            name = category.encode()
            parts.append(_ENTRY.pack(state[category], len(name)) + name)
        return b"".join(parts)

    def unpack(self, raw: bytes, start: int) -> tuple[dict[str, int], int]:
        """As packed."""
        state = {}
        count = raw[start]
        start += 1
        for _ in range(count):
            at, length = _ENTRY.unpack_from(raw, start)
            start += _ENTRY.size
            state[raw[start : start + length].decode()] = at
            start += length
        return state, start
