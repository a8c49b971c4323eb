"""When in the week an entity is active."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import HOUR, VISIT_ACTS, Act, CorruptState, Feature, Field, Value

_WEEK: Final = 7 * 24 * HOUR
_MONDAY: Final = 4 * 24 * HOUR  # 1970-01-01 was a Thursday: the first Monday came four days later
_HOURS: Final = 168


@dataclass(frozen=True)
class HourOfWeek(Feature[dict[int, int]]):
    """The part of the week with most events, in slots of `hours` from Monday 00:00 UTC.

    `usual_hour` is the hour of the week (0 to 167) in which the slot begins; `usual_share` the
    share of all events in it. Over all time, in any order; the earliest slot wins a tie.
    """

    hours: int = 4
    acts: frozenset[Act] = VISIT_ACTS
    _slot: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the length of a slot."""
        if self.hours < 1 or _HOURS % self.hours:
            raise ConfigurationError(f"hours is {self.hours}: choose a divisor of {_HOURS}")
        object.__setattr__(self, "_slot", self.hours * HOUR)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Null before the first event."""
        told = f"Hour of the week, from Monday 00:00 UTC, at which their usual {self.hours} hours"
        return (
            Field("usual_hour", "int64", f"{told} begin", "hours"),
            Field("usual_share", "float64", "Share of their events in those hours", "0 to 1"),
        )

    def empty(self) -> dict[int, int]:
        """Never here; the state maps a slot to its events."""
        return {}

    def update(self, state: dict[int, int], event: Event, at: int) -> dict[int, int]:  # noqa: ARG002 - being there
        """Count the event in its slot."""
        slot = (at - _MONDAY) % _WEEK // self._slot
        state[slot] = state.get(slot, 0) + 1
        return state

    def merge(self, ours: dict[int, int], theirs: dict[int, int]) -> dict[int, int]:
        """Add."""
        for slot, count in theirs.items():
            ours[slot] = ours.get(slot, 0) + count
        return ours

    def read(self, state: dict[int, int], now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """The earliest in the week wins a tie."""
        if not state:
            return None, None
        fewest, slot = min((-count, slot) for slot, count in state.items())
        return slot * self.hours, -fewest / sum(state.values())

    def pack(self, state: dict[int, int]) -> bytes:
        """How many slots, which, and a byte or four of each."""
        if not state:
            return b""
        slots = sorted(state)
        counts = [state[slot] for slot in slots]
        head = bytes((len(slots), *slots))
        if max(counts) < 256:  # noqa: PLR2004 - a byte
            return head + bytes(counts)
        return head + struct.pack(f"<{len(counts)}I", *counts)

    def unpack(self, raw: bytes) -> dict[int, int]:
        """As packed."""
        count = raw[0]
        start = 1 + count
        counts: Sequence[int] = raw[start:]
        if len(raw) == start + 4 * count:
            counts = struct.unpack_from(f"<{count}I", raw, start)
        state = dict(zip(raw[1:start], counts, strict=True))
        if not state or not all(counts) or max(state) * self.hours >= _HOURS:
            raise CorruptState("a slot without events, or one beyond the week")
        return state
