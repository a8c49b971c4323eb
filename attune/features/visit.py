"""One visit, when the entity is the visit itself."""

from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.course import COURSES, Course, step_of
from attune.features.feature import SECOND, VISIT_ACTS, Act, Feature, Field, Value, act_of
from attune.features.money import MICROS
from attune.features.steps import Step


@dataclass(frozen=True)
class Visit(Feature[Course]):
    """How long a visit is, how deep, and what came of it. A bounce is a visit of one event.

    Of all events that the sender gave the visit's id, in any order.
    """

    acts: frozenset[Act] = VISIT_ACTS

    @property
    def fields(self) -> tuple[Field, ...]:
        """All 0 for a visit never heard of."""
        return (
            Field("seconds", "float64", "From the first to the latest event", "seconds"),
            Field("events", "int64", "Events in the visit", "events"),
            Field("pages", "int64", "Pages and screens", "events"),
            Field("views", "int64", "Products viewed", "events"),
            Field("carts", "int64", "Products put into the cart", "events"),
            Field("orders", "int64", "Orders", "orders"),
            Field("revenue", "float64", "What the orders were worth", "currency"),
            Field("bounced", "int64", "1 while the visit has one event, else 0", "0 or 1"),
        )

    def empty(self) -> Course:
        """Nothing happened."""
        return Course()

    def update(self, state: Course, event: Event, at: int) -> Course:
        """Count the event."""
        counted: Course = step_of(act_of(event)).update(state, event, at)
        return counted

    def step(self, act: Act) -> Step:
        """See `course.step_of`."""
        return step_of(act)

    def merge(self, ours: Course, theirs: Course) -> Course:
        """Add."""
        ours.add(theirs)
        return ours

    def read(self, state: Course, now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """As counted."""
        return (
            (state.last - state.first) / SECOND,
            state.events,
            state.pages,
            state.views,
            state.carts,
            state.orders,
            state.micros / MICROS,
            int(state.events == 1),
        )

    def pack(self, state: Course) -> bytes:
        """44 bytes."""
        return COURSES.packed(state)

    def codec(self) -> Codec:
        """See `course.COURSES`."""
        return COURSES

    def unpack(self, raw: bytes) -> Course:
        """As packed."""
        return COURSES.unpack(raw)
