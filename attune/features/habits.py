"""When somebody comes: slots of the week, the first and the last time; it is compiled."""

import struct
from collections.abc import Sequence
from typing import Final

from attune.collect.event import Event
from attune.features.feature import HOUR, CorruptState

_WEEK: Final = 7 * 24 * HOUR
_MONDAY: Final = 4 * 24 * HOUR  # 1970-01-01 was a Thursday: the first Monday came four days later
HOURS: Final = 168
_NARROW: Final = 256  # counts below it are a byte each
_BOTH: Final = struct.Struct("<qq")

Ends = tuple[int, int]
"""The first and the latest time, ms since 1970."""

NEVER: Final = (-1, -1)


class Slots:
    """Counts events by slot of the week, from Monday 00:00 UTC; `hours` divides the week."""

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._slot = hours * HOUR

    def update(self, state: dict[int, int], event: Event, at: int) -> dict[int, int]:  # noqa: ARG002 - being there
        """Count an event at `at`."""
        slot = (at - _MONDAY) % _WEEK // self._slot
        state[slot] = state.get(slot, 0) + 1
        return state

    def unpack(self, raw: bytes) -> dict[int, int]:
        """Return the state in packed bytes."""
        count = raw[0]
        start = 1 + count
        counts: Sequence[int] = raw[start:]
        if len(raw) == start + 4 * count:
            counts = struct.unpack_from(f"<{count}I", raw, start)
        state = dict(zip(raw[1:start], counts, strict=True))
        if not state or not all(counts) or max(state) * self._hours >= HOURS:
            raise CorruptState("a slot without events, or one beyond the week")
        return state


def pack_slots(state: dict[int, int]) -> bytes:
    """How many slots, which, and a byte or four of each."""
    if not state:
        return b""
    slots = sorted(state)
    counts = [state[slot] for slot in slots]
    if max(counts) < _NARROW:
        return bytes([len(slots), *slots, *counts])
    return bytes([len(slots), *slots]) + struct.pack(f"<{len(counts)}I", *counts)


def stretch(state: Ends, event: Event, at: int) -> Ends:  # noqa: ARG001 - that it happened
    """Stretch to the event."""
    first, last = state
    if first < 0:  # never yet
        return (at, at)
    return (min(at, first), max(at, last))


def pack_ends(state: Ends) -> bytes:
    """16 bytes."""
    first, last = state
    return b"" if first < 0 else _BOTH.pack(first, last)


def unpack_ends(raw: bytes) -> Ends:
    """Return the state in packed bytes."""
    first, last = _BOTH.unpack(raw)
    return first, last
