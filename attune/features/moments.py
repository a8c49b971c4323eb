"""When something first and last happened."""

from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.feature import DAY, VISIT_ACTS, Act, Feature, Field, Value
from attune.features.habits import ENDS, NEVER, STRETCH, Ends
from attune.features.steps import Step


@dataclass(frozen=True)
class FirstAndLast(Feature[Ends]):
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

    def empty(self) -> Ends:
        """Never; the state is the first and the latest time, ms since 1970."""
        return NEVER

    def update(self, state: Ends, event: Event, at: int) -> Ends:
        """Stretch to the event."""
        stretched: Ends = STRETCH.update(state, event, at)
        return stretched

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `habits.STRETCH`."""
        return STRETCH

    def merge(self, ours: Ends, theirs: Ends) -> Ends:
        """The first and the last of both."""
        if NEVER in (ours, theirs):
            return theirs if ours == NEVER else ours
        return min(ours[0], theirs[0]), max(ours[1], theirs[1])

    def read(self, state: Ends, now: int) -> tuple[Value, ...]:
        """Days, exact to the millisecond."""
        if state == NEVER:
            return None, None
        return (now - state[0]) / DAY, (now - state[1]) / DAY

    def pack(self, state: Ends) -> bytes:
        """16 bytes."""
        return ENDS.packed(state)

    def codec(self) -> Codec:
        """See `habits.ENDS`."""
        return ENDS

    def unpack(self, raw: bytes) -> Ends:
        """As packed."""
        return ENDS.unpack(raw)
