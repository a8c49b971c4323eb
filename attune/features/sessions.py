"""Visits: runs of events with no gap of more than thirty minutes."""

import struct
from bisect import insort
from dataclasses import dataclass
from typing import Final

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import (
    HOUR,
    MINUTE,
    SECOND,
    VISIT_ACTS,
    Act,
    CorruptState,
    Feature,
    Field,
    Value,
)

_HEAD = struct.Struct("<qB")  # latest event, sessions still open
_CLOSED = struct.Struct("<IQI")  # sessions closed for good, their length in all (ms), bounces
_SPAN = struct.Struct("<III")  # start before the latest event (ms), length (ms), events
_SOME_CLOSED: Final = 0x80
_MOST_OPEN: Final = 127
_LONGEST: Final = 2**32 - 1  # ms, 49 days: a screen that never sleeps has a session without an end


class Visits:
    """Sessions that a late event could still join, oldest first, and the sums of older ones."""

    __slots__ = ("bounced", "closed", "latest", "length", "open")

    def __init__(self) -> None:
        self.latest = 0
        self.closed = 0
        self.length = 0
        """Of the closed ones together, ms."""
        self.bounced = 0
        """Closed ones of one event."""
        self.open: list[tuple[int, int, int]] = []
        """(start, end, events) each; times in ms since 1970."""


@dataclass(frozen=True)
class Sessions(Feature[Visits]):
    """The current session, how many there were, how long they are, and how many bounce.

    A session ends after `gap` (ms) without an event; 30 minutes are the convention of web
    analytics. An event joins the sessions it is within `gap` of, so the order of arrival does not
    matter. One that comes more than `lateness` (ms) after a newer one is left out, because the
    sessions it might have joined are closed for good: number, length and bounces of those are kept.
    So two histories merge to the whole, unless a session was closed in both and each has a part.

    Raises:
        ConfigurationError: more sessions could be open than a state can hold.
    """

    gap: int = 30 * MINUTE
    lateness: int = 24 * HOUR
    acts: frozenset[Act] = VISIT_ACTS

    def __post_init__(self) -> None:
        """Check what the layout bounds: open sessions end more than a gap apart."""
        kept = self.lateness + self.gap
        if self.gap < 1 or self.lateness < 0 or kept // self.gap >= _MOST_OPEN or kept >= _LONGEST:
            raise ConfigurationError(
                f"gap is {self.gap} ms and lateness {self.lateness} ms: choose a lateness of at "
                f"most {_MOST_OPEN - 2} gaps, and 48 days"
            )

    @property
    def fields(self) -> tuple[Field, ...]:
        """Length and depth are 0 when the visitor is away; shares are null before an end."""
        return (
            Field("session_seconds", "float64", "Length of the current session so far", "seconds"),
            Field("session_depth", "int64", "Events in the current session", "events"),
            Field("sessions", "int64", "Sessions so far, the current one included", "sessions"),
            Field("session_mean_seconds", "float64", "Mean length of ended sessions", "seconds"),
            Field("bounce_rate", "float64", "Share of ended sessions with one event", "0 to 1"),
        )

    def empty(self) -> Visits:
        """Never here."""
        return Visits()

    def update(self, state: Visits, event: Event, at: int) -> Visits:  # noqa: ARG002 - being there
        """Let the event start, lengthen or join sessions."""
        if at < state.latest - self.lateness:
            return state
        if state.open:
            start, end, events = state.open[-1]
            if start <= at <= end + self.gap:
                state.open[-1] = (start, max(at, end), events + 1)
                if at > state.latest:
                    self._close(state, at)
                return state
        self._join(state, (at, at, 1))
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

    def _join(self, state: Visits, new: tuple[int, int, int]) -> None:
        apart = []
        start, end, events = new
        for old in state.open:
            if old[1] + self.gap < new[0] or new[1] + self.gap < old[0]:
                apart.append(old)
            else:
                start, end, events = min(start, old[0]), max(end, old[1]), events + old[2]
        insort(apart, (start, end, events))
        state.open = apart

    def _close(self, state: Visits, latest: int) -> None:
        state.latest = latest
        bound = latest - self.lateness - self.gap
        while state.open and state.open[0][1] < bound:
            start, end, events = state.open.pop(0)
            state.closed += 1
            state.length += end - start
            state.bounced += events == 1

    def read(self, state: Visits, now: int) -> tuple[Value, ...]:
        """The current session is the last one, unless the gap has passed since."""
        ended = state.open
        seconds, depth = 0.0, 0
        if ended and now - ended[-1][1] <= self.gap:
            *ended, (start, end, depth) = ended
            seconds = (end - start) / SECOND
        count = state.closed + len(ended)
        mean = rate = None
        if count:
            length = state.length + sum(end - start for start, end, _ in ended)
            mean = length / SECOND / count
            rate = (state.bounced + sum(events == 1 for _, _, events in ended)) / count
        return seconds, depth, state.closed + len(state.open), mean, rate

    def pack(self, state: Visits) -> bytes:
        """9 bytes, 16 for closed sessions, 12 an open one; of a too long one the end is kept."""
        if not state.open:
            return b""
        latest = state.latest
        flag = _SOME_CLOSED if state.closed else 0
        out = _HEAD.pack(latest, len(state.open) | flag)
        if flag:
            out += _CLOSED.pack(state.closed, state.length, state.bounced)
        for start, end, events in state.open:
            begun = max(start, latest - _LONGEST)
            out += _SPAN.pack(latest - begun, end - begun, events)
        return out

    def unpack(self, raw: bytes) -> Visits:
        """As packed."""
        state = Visits()
        state.latest, count = _HEAD.unpack_from(raw)
        start = _HEAD.size
        if count & _SOME_CLOSED:
            state.closed, state.length, state.bounced = _CLOSED.unpack_from(raw, start)
            start += _CLOSED.size
        count %= _SOME_CLOSED
        if not count or len(raw) != start + count * _SPAN.size:
            raise CorruptState(f"{len(raw)} bytes of sessions")
        for ago, length, events in _SPAN.iter_unpack(raw[start:]):
            begun = state.latest - ago
            state.open.append((begun, begun + length, events))
        return state
