"""What happened in a visit, event by event, and its bytes; apart from `visit`: it is compiled."""

import struct
from typing import Final

from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.feature import Act, Update
from attune.features.money import worth

_LAYOUT: Final = struct.Struct("<qqIIIIIq")
_LARGEST: Final = 2**63 - 1


@mypyc_attr(acyclic=True)
class Course:
    """From the first to the last event (ms since 1970), and what happened in between."""

    def __init__(self) -> None:
        self.first: int = 0
        self.last: int = 0
        self.events: int = 0
        self.pages: int = 0
        self.views: int = 0
        self.carts: int = 0
        self.orders: int = 0
        self.micros: int = 0

    def lengthen(self, at: int) -> None:
        """Take in that there was an event."""
        if at < self.first or not self.events:
            self.first = at
        self.last = max(self.last, at)
        self.events += 1

    def add(self, other: "Course") -> None:
        """Take in another course of the same visit."""
        if not other.events:
            return
        self.first = min(self.first, other.first) if self.events else other.first
        self.last = max(self.last, other.last)
        self.events += other.events
        self.pages += other.pages
        self.views += other.views
        self.carts += other.carts
        self.orders += other.orders
        self.micros += other.micros


def step_of(act: Act) -> Update:
    """Return what an event of an act does."""
    return _STEPS.get(act, _other)


def _other(state: Course, event: Event, at: int) -> Course:  # noqa: ARG001 - see `Update`
    state.lengthen(at)
    return state


def _page(state: Course, event: Event, at: int) -> Course:  # noqa: ARG001
    state.lengthen(at)
    state.pages += 1
    return state


def _viewed(state: Course, event: Event, at: int) -> Course:  # noqa: ARG001
    state.lengthen(at)
    state.views += 1
    return state


def _added(state: Course, event: Event, at: int) -> Course:  # noqa: ARG001
    state.lengthen(at)
    state.carts += 1
    return state


def _purchased(state: Course, event: Event, at: int) -> Course:
    state.lengthen(at)
    if event.commerce is not None:
        state.orders += 1
        state.micros += worth(event.commerce)
    return state


_STEPS: Final[dict[Act, Update]] = {
    "page": _page,
    "screen": _page,
    "viewed": _viewed,
    "added": _added,
    "purchased": _purchased,
}


def pack(state: Course) -> bytes:
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


def unpack(raw: bytes) -> Course:
    """Return the state in packed bytes."""
    state = Course()
    (
        state.first,
        state.last,
        state.events,
        state.pages,
        state.views,
        state.carts,
        state.orders,
        state.micros,
    ) = _LAYOUT.unpack(raw)
    return state
