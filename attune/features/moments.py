"""When something first and last happened."""

import struct
from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.feature import DAY, VISIT_ACTS, Act, Feature, Field, Value

_LAYOUT = struct.Struct("<qq")


@dataclass(frozen=True)
class FirstAndLast(Feature[tuple[int, int]]):
    """Days since the first and since the latest event of some acts; null before there is one.

    Fields: `days_since_first{of}` and `days_since_last{of}`; `of` is such as `_view`, or empty.
    Over all time, in any order.
    """

    of: str = ""
    acts: frozenset[Act] = VISIT_ACTS

    @property
    def fields(self) -> tuple[Field, ...]:
        """Two ages."""
        what = f" {self.of.strip('_')}" if self.of else " event"
        return (
            Field(f"days_since_first{self.of}", "float64", f"Days since the first{what}", "days"),
            Field(f"days_since_last{self.of}", "float64", f"Days since the latest{what}", "days"),
        )

    def empty(self) -> tuple[int, int]:
        """Never; the state is the first and the latest time, ms since 1970."""
        return _NEVER

    def update(self, state: tuple[int, int], event: Event, at: int) -> tuple[int, int]:  # noqa: ARG002 - that it happened
        """Stretch to the event."""
        first, last = state
        if first <= at <= last:
            return state
        return (min(first, at), max(last, at)) if state is not _NEVER else (at, at)

    def merge(self, ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[int, int]:
        """The first and the last of both."""
        if _NEVER in (ours, theirs):
            return theirs if ours == _NEVER else ours
        return min(ours[0], theirs[0]), max(ours[1], theirs[1])

    def read(self, state: tuple[int, int], now: int) -> tuple[Value, ...]:
        """Days, exact to the millisecond."""
        if state == _NEVER:
            return None, None
        return (now - state[0]) / DAY, (now - state[1]) / DAY

    def pack(self, state: tuple[int, int]) -> bytes:
        """16 bytes."""
        return b"" if state == _NEVER else _LAYOUT.pack(*state)

    def unpack(self, raw: bytes) -> tuple[int, int]:
        """As packed."""
        first, last = _LAYOUT.unpack(raw)
        return first, last


_NEVER = (-1, -1)
