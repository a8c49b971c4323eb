"""When somebody comes: slots of the week, the first and the last time; it is compiled."""

from typing import Any, Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64, mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.feature import HOUR, CorruptState
from attune.features.steps import Step
from attune.unsigned import put_u32, u32

_WEEK: Final = 7 * 24 * HOUR
_MONDAY: Final = 4 * 24 * HOUR  # 1970-01-01 was a Thursday: the first Monday came four days later
HOURS: Final = 168
_NARROW: Final = 256  # counts below it are a byte each
_BOTH: Final = 16  # bytes

Ends = tuple[int, int]
"""The first and the latest time, ms since 1970."""

NEVER: Final = (-1, -1)


class Slots(Codec):
    """Counts events by slot of the week, from Monday 00:00 UTC; `hours` divides the week."""

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._slot = hours * HOUR

    def count(self, state: dict[int, int], at: int) -> dict[int, int]:
        """Count an event at `at`."""
        slot = (at - _MONDAY) % _WEEK // self._slot
        state[slot] = state.get(slot, 0) + 1
        return state

    def empty(self) -> dict[int, int]:
        """Never here."""
        return {}

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - as `count` has it
        """Write how many slots, which, and a byte or four of each."""
        counted: dict[int, int] = state
        if not counted:
            return
        slots = sorted(counted)
        out.append(len(slots))
        most = 0
        for slot in slots:
            out.append(slot)
            most = max(most, counted[slot])
        for slot in slots:
            if most < _NARROW:
                out.append(counted[slot])
            else:
                put_u32(out, counted[slot])

    def unpack(self, raw: bytes) -> dict[int, int]:
        """Return the state in packed bytes."""
        count: i64 = raw[0]
        first: i64 = 1 + count
        size: i64 = len(raw)
        wide = size == first + 4 * count
        if not count or (size != first + count and not wide):
            raise CorruptState(f"{size} bytes of {count} slots")
        state: dict[int, int] = {}
        for place in range(count):
            slot = raw[1 + place]
            events: int = u32(raw, first + 4 * place) if wide else raw[first + place]
            if not events or slot * self._hours >= HOURS:
                raise CorruptState("a slot without events, or one beyond the week")
            state[slot] = events
        return state


@mypyc_attr(acyclic=True)
class BySlot(Step):
    """Counts events by slot."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Count one at `at`."""
        return self._slots.count(state, at)


class _Stretch(Step):
    """Stretches to an event."""

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Stretch to `at`."""
        ends: Ends = state
        first, last = ends
        if first < 0:  # never yet
            return (at, at)
        return (min(at, first), max(at, last))


STRETCH: Final = _Stretch()


class _BothEnds(Codec):
    """16 bytes."""

    def empty(self) -> Ends:
        """Never."""
        return NEVER

    def unpack(self, raw: bytes) -> Ends:
        """Return the state in packed bytes."""
        if len(raw) != _BOTH:
            raise CorruptState(f"{len(raw)} bytes of two times")
        return read_i64_le(raw, 0), read_i64_le(raw, 8)

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Ends`
        """Write them."""
        ends: Ends = state
        first, last = ends
        if first >= 0:
            write_i64_le(out, first)
            write_i64_le(out, last)


ENDS: Final = _BothEnds()
