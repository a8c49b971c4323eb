"""One visit, when the entity is the visit itself."""

import struct
from dataclasses import astuple, dataclass

from attune.collect.event import Event
from attune.features.feature import SECOND, VISIT_ACTS, Act, Feature, Field, Value, act_of
from attune.features.money import MICROS, worth

_LAYOUT = struct.Struct("<qqIIIIIq")
_LARGEST = 2**63 - 1


@dataclass(slots=True)
class Course:
    """From the first to the last event (ms since 1970), and what happened in between."""

    first: int = 0
    last: int = 0
    events: int = 0
    pages: int = 0
    views: int = 0
    carts: int = 0
    orders: int = 0
    micros: int = 0


_COUNTED = {"page": "pages", "screen": "pages", "viewed": "views", "added": "carts"}


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
        state.first = min(state.first, at) if state.events else at
        state.last = max(state.last, at)
        state.events += 1
        act = act_of(event)
        if act == "purchased" and event.commerce:
            state.orders += 1
            state.micros += worth(event.commerce)
        elif act in _COUNTED:
            setattr(state, _COUNTED[act], getattr(state, _COUNTED[act]) + 1)
        return state

    def merge(self, ours: Course, theirs: Course) -> Course:
        """Add."""
        if not ours.events or not theirs.events:
            return ours if ours.events else theirs
        sums = map(int.__add__, astuple(ours)[2:], astuple(theirs)[2:])
        return Course(min(ours.first, theirs.first), max(ours.last, theirs.last), *sums)

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
        if not state.events:
            return b""
        return _LAYOUT.pack(
            state.first,
            state.last,
            state.events,
            state.pages,
            state.views,
            state.carts,
            state.orders,
            min(state.micros, _LARGEST),
        )

    def unpack(self, raw: bytes) -> Course:
        """As packed."""
        return Course(*_LAYOUT.unpack(raw))
