"""When in the week an entity is active."""

from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.codec import Codec
from attune.features.feature import VISIT_ACTS, Act, Feature, Field, Value
from attune.features.habits import HOURS, BySlot, Slots
from attune.features.steps import Step


@dataclass(frozen=True)
class HourOfWeek(Feature[dict[int, int]]):
    """The part of the week with most events, in slots of `hours` from Monday 00:00 UTC.

    `usual_hour` is the hour of the week (0 to 167) in which the slot begins; `usual_share` the
    share of all events in it. Over all time, in any order; the earliest slot wins a tie.
    """

    hours: int = 4
    acts: frozenset[Act] = VISIT_ACTS
    _slots: Slots = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the length of a slot."""
        if self.hours < 1 or HOURS % self.hours:
            raise ConfigurationError(f"hours is {self.hours}: choose a divisor of {HOURS}")
        object.__setattr__(self, "_slots", Slots(self.hours))

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
        return self._slots.count(state, at)

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `Slots.count`."""
        return BySlot(self._slots)

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
        return self._slots.packed(state)

    def codec(self) -> Codec:
        """See `Slots`."""
        return self._slots

    def unpack(self, raw: bytes) -> dict[int, int]:
        """As packed."""
        return self._slots.unpack(raw)
