"""What happened in a visit, event by event, and its bytes; apart from `visit`: it is compiled."""

from typing import Any, Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.feature import Act, CorruptState
from attune.features.money import worth
from attune.features.steps import Step
from attune.unsigned import put_u32, u32

_SIZE: Final = 44  # bytes
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


def step_of(act: Act) -> Step:
    """Return what an event of an act does."""
    return _STEPS.get(act, _OTHER)


@mypyc_attr(acyclic=True)
class _Counting(Step):
    """Counts an event, and what it is besides."""

    def __init__(self, pages: int = 0, views: int = 0, carts: int = 0) -> None:
        self._pages = pages
        self._views = views
        self._carts = carts

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Count it."""
        course: Course = state
        course.lengthen(at)
        course.pages += self._pages
        course.views += self._views
        course.carts += self._carts
        return course


class _Purchased(Step):
    """Counts an order, and what it is worth."""

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401 - as `Step`
        """Count it."""
        course: Course = state
        course.lengthen(at)
        if event.commerce is not None:
            course.orders += 1
            course.micros += worth(event.commerce)
        return course


_OTHER: Final = _Counting()
_STEPS: Final[dict[Act, Step]] = {
    "page": _Counting(pages=1),
    "screen": _Counting(pages=1),
    "viewed": _Counting(views=1),
    "added": _Counting(carts=1),
    "purchased": _Purchased(),
}


class _Courses(Codec):
    """44 bytes."""

    def empty(self) -> Course:
        """Nothing happened."""
        return Course()

    def unpack(self, raw: bytes) -> Course:
        """Return the state in packed bytes."""
        if len(raw) != _SIZE:
            raise CorruptState(f"{len(raw)} bytes of a visit")
        state = Course()
        state.first = read_i64_le(raw, 0)
        state.last = read_i64_le(raw, 8)
        state.events = u32(raw, 16)
        state.pages = u32(raw, 20)
        state.views = u32(raw, 24)
        state.carts = u32(raw, 28)
        state.orders = u32(raw, 32)
        state.micros = read_i64_le(raw, 36)
        return state

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Course`
        """Write them."""
        course: Course = state
        if not course.events:
            return
        write_i64_le(out, course.first)
        write_i64_le(out, course.last)
        put_u32(out, course.events)
        put_u32(out, course.pages)
        put_u32(out, course.views)
        put_u32(out, course.carts)
        put_u32(out, course.orders)
        write_i64_le(out, min(course.micros, _LARGEST))


COURSES: Final = _Courses()
