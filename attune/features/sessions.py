"""Visits: runs of events with no gap of more than thirty minutes."""

from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.codec import Codec
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
from attune.features.steps import Step
from attune.features.visits import LONGEST, MOST_OPEN, Gaps, Lengthening, Visits


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
    _gaps: Gaps = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check what the layout bounds: open sessions end more than a gap apart."""
        kept = self.lateness + self.gap
        if self.gap < 1 or self.lateness < 0 or kept // self.gap >= MOST_OPEN or kept >= LONGEST:
            raise ConfigurationError(
                f"gap is {self.gap} ms and lateness {self.lateness} ms: choose a lateness of at "
                f"most {MOST_OPEN - 2} gaps, and 48 days"
            )
        object.__setattr__(self, "_gaps", Gaps(self.gap, self.lateness))

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
        return self._gaps.take(state, at)

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `Gaps.take`."""
        return Lengthening(self._gaps)

    def merge(self, ours: Visits, theirs: Visits) -> Visits:
        """Join the open sessions of both; closed ones were apart and stay apart."""
        return self._gaps.merge(ours, theirs)

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
        return self._gaps.packed(state)

    def codec(self) -> Codec:
        """See `Gaps`."""
        return self._gaps

    def unpack(self, raw: bytes) -> Visits:
        """As packed."""
        return self._gaps.unpack(raw)
