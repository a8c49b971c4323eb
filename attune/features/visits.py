"""Sessions as events make them, and their bytes; apart from `sessions`, so that it is compiled."""

from bisect import insort
from typing import Any, Final, TypeAlias

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64, mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.feature import CorruptState
from attune.features.steps import Step
from attune.unsigned import put_u32, u32

Span: TypeAlias = tuple[int, int, int]
"""Start and end of a session (ms since 1970), and its events."""

# Bytes of what is packed.
_HEAD: Final = 9  # latest event, sessions still open
_CLOSED: Final = 16  # sessions closed for good, their length in all (ms), bounces
_SPAN: Final = 12  # start before the latest event (ms), length (ms), events
_SOME_CLOSED: Final = 0x80
MOST_OPEN: Final = 127
LONGEST: Final = 2**32 - 1  # ms, 49 days: a screen that never sleeps has a session without an end


@mypyc_attr(acyclic=True)
class Visits:
    """Sessions that a late event could still join, oldest first, and the sums of older ones."""

    def __init__(self) -> None:
        self.latest: int = 0
        self.closed: int = 0
        self.length: int = 0
        """Of the closed ones together, ms."""
        self.bounced: int = 0
        """Closed ones of one event."""
        self.open: list[Span] = []


class Gaps(Codec):
    """Sessions end after `gap` without an event, and are closed for good after `lateness` (ms)."""

    def __init__(self, gap: int, lateness: int) -> None:
        self._gap = gap
        self._lateness = lateness

    def take(self, state: Visits, at: int) -> Visits:
        """Let an event at `at` start, lengthen or join sessions."""
        if at < state.latest - self._lateness:
            return state
        held = state.open
        if held:
            start, end, events = held[-1]
            if start <= at <= end + self._gap:
                held[-1] = (start, max(at, end), events + 1)
                if at > state.latest:
                    self._close(state, at)
                return state
            self._join(state, (at, at, 1))
        else:
            held.append((at, at, 1))
        self._close(state, max(state.latest, at))
        return state

    def merge(self, ours: Visits, theirs: Visits) -> Visits:
        """Join the open sessions of both; closed ones were apart and stay apart."""
        ours.closed += theirs.closed
        ours.length += theirs.length
        ours.bounced += theirs.bounced
        for visit in theirs.open:
            self._join(ours, visit)
        self._close(ours, max(ours.latest, theirs.latest))
        return ours

    def empty(self) -> Visits:
        """Never here."""
        return Visits()

    def unpack(self, raw: bytes) -> Visits:
        """Return the state in packed bytes."""
        state = Visits()
        state.latest = read_i64_le(raw, 0)
        at: i64 = _HEAD
        count: i64 = raw[_HEAD - 1]
        if count & _SOME_CLOSED:
            state.closed = u32(raw, at)
            state.length = read_i64_le(raw, at + 4)
            state.bounced = u32(raw, at + 12)
            if state.length < 0:
                raise CorruptState(f"closed sessions of {state.length} ms")
            at += _CLOSED
        count %= _SOME_CLOSED
        size: i64 = len(raw)
        if not count or size != at + count * _SPAN:
            raise CorruptState(f"{size} bytes of sessions")
        while at < size:
            begun = state.latest - u32(raw, at)
            state.open.append((begun, begun + u32(raw, at + 4), u32(raw, at + 8)))
            at += _SPAN
        return state

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Visits`
        """Write 9 bytes, 16 for closed sessions, 12 an open one; of a too long one the end."""
        visits: Visits = state
        held = visits.open
        count = len(held)
        if not count:
            return
        latest = visits.latest
        write_i64_le(out, latest)
        if visits.closed:
            out.append(count | _SOME_CLOSED)
            put_u32(out, visits.closed)
            write_i64_le(out, visits.length)
            put_u32(out, visits.bounced)
        else:
            out.append(count)
        for start, end, events in held:
            begun = max(start, latest - LONGEST)
            put_u32(out, latest - begun)
            put_u32(out, end - begun)
            put_u32(out, events)

    def _join(self, state: Visits, new: Span) -> None:
        apart: list[Span] = []
        start, end, events = new
        for old in state.open:
            if old[1] + self._gap < new[0] or new[1] + self._gap < old[0]:
                apart.append(old)
            else:
                start, end, events = min(start, old[0]), max(end, old[1]), events + old[2]
        insort(apart, (start, end, events))
        state.open = apart

    def _close(self, state: Visits, latest: int) -> None:
        state.latest = latest
        bound = latest - self._lateness - self._gap
        while state.open and state.open[0][1] < bound:
            start, end, events = state.open.pop(0)
            state.closed += 1
            state.length += end - start
            if events == 1:
                state.bounced += 1


@mypyc_attr(acyclic=True)
class Lengthening(Step):
    """Lets events start, lengthen or join sessions."""

    def __init__(self, gaps: Gaps) -> None:
        self._gaps = gaps

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Let one at `at`."""
        return self._gaps.take(state, at)
