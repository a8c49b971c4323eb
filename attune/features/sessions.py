"""Visits: runs of events with no gap of more than thirty minutes."""

import struct
from bisect import insort
from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.features.feature import (
    HOUR,
    MINUTE,
    SECOND,
    VISIT_ACTS,
    Act,
    Feature,
    Field,
    Value,
)

_HEAD = struct.Struct("<qIB")  # latest event, sessions closed for good, sessions still open
_SPAN = struct.Struct("<qII")  # start, length (ms), events
_LONGEST = 2**32 - 1  # ms, 49 days: a screen that never sleeps has a session without an end


@dataclass(slots=True)
class Visits:
    """Sessions that a late event could still join, oldest first, and the number of older ones."""

    latest: int = 0
    closed: int = 0
    open: list[tuple[int, int, int]] = field(default_factory=list)
    """(start, end, events) each; times in ms since 1970."""


@dataclass(frozen=True)
class Sessions(Feature[Visits]):
    """Length and depth of the current session, and the number of sessions so far.

    A session ends after `gap` without an event. An event joins the sessions it is within `gap`
    of, so the order of arrival does not matter; one that comes more than `lateness` after a newer
    one is left out, because the sessions it might have joined are closed for good.
    """

    gap: int = 30 * MINUTE
    lateness: int = 24 * HOUR
    acts: frozenset[Act] = VISIT_ACTS

    @property
    def fields(self) -> tuple[Field, ...]:
        """Length and depth are 0 when the visitor is away."""
        return (
            Field("session_seconds", "float64", "Length of the current session so far", "seconds"),
            Field("session_depth", "int64", "Events in the current session", "events"),
            Field("sessions", "int64", "Sessions so far, the current one included", "sessions"),
        )

    def empty(self) -> Visits:
        """Never here."""
        return Visits()

    def update(self, state: Visits, event: Event) -> Visits:
        """Let the event start, lengthen or join sessions."""
        at = event.at
        if at >= state.latest - self.lateness:
            self._join(state, (at, at, 1))
            self._close(state, max(state.latest, at))
        return state

    def merge(self, ours: Visits, theirs: Visits) -> Visits:
        """Join the open sessions of both; closed ones were apart and stay apart."""
        ours.closed += theirs.closed
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
            del state.open[0]
            state.closed += 1

    def read(self, state: Visits, now: int) -> tuple[Value, ...]:
        """The current session is the last one, unless the gap has passed since."""
        sessions = state.closed + len(state.open)
        if not state.open or now - state.open[-1][1] > self.gap:
            return 0.0, 0, sessions
        start, end, events = state.open[-1]
        return (end - start) / SECOND, events, sessions

    def pack(self, state: Visits) -> bytes:
        """13 bytes and 16 an open session; of one that is too long, the end is kept."""
        head = _HEAD.pack(state.latest, state.closed, len(state.open))
        spans = ((max(s, e - _LONGEST), e, n) for s, e, n in state.open)
        return head + b"".join(_SPAN.pack(s, e - s, n) for s, e, n in spans)

    def unpack(self, raw: bytes, start: int) -> tuple[Visits, int]:
        """As packed."""
        latest, closed, count = _HEAD.unpack_from(raw, start)
        start += _HEAD.size
        end = start + count * _SPAN.size
        spans = _SPAN.iter_unpack(raw[start:end])
        return Visits(latest, closed, [(s, s + length, n) for s, length, n in spans]), end
