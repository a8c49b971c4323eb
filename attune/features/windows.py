"""How often something happened in the last hour, day and week."""

from dataclasses import dataclass
from typing import NamedTuple

from attune.collect.event import Event
from attune.features.buckets import Buckets
from attune.features.feature import HOUR, MINUTE, Act, Feature, Field, Value


class Window(NamedTuple):
    """A window is the current bucket and the `span - 1` before it; `step` is ms a bucket.

    So it is never longer than it says, and shorter by less than one bucket.
    """

    name: str
    step: int
    span: int


HOUR_DAY_WEEK = (
    Window("1h", 5 * MINUTE, 12),
    Window("24h", HOUR, 24),
    Window("7d", 6 * HOUR, 28),
)


@dataclass(frozen=True)
class WindowCounts(Feature[list[Buckets]]):
    """How many events of one act lie in each window, evaluated when read.

    Fields: `{name}_{window}`, events. An event that comes late is counted in every window that it
    still belongs to.
    """

    name: str
    act: Act
    windows: tuple[Window, ...] = HOUR_DAY_WEEK

    @property
    def acts(self) -> frozenset[Act]:  # type: ignore[override] # constant for one instance
        """Only its own act."""
        return frozenset({self.act})

    @property
    def fields(self) -> tuple[Field, ...]:
        """One count a window."""
        return tuple(
            Field(
                f"{self.name}_{window.name}",
                "int64",
                f"{self.name.capitalize()} in the last {window.name}, in steps of "
                + _told(window.step),
                "events",
            )
            for window in self.windows
        )

    def empty(self) -> list[Buckets]:
        """No buckets."""
        return [Buckets() for _ in self.windows]

    def update(self, state: list[Buckets], event: Event) -> list[Buckets]:
        """Count one event in its bucket of each window."""
        at = event.at
        for buckets, window in zip(state, self.windows, strict=True):
            buckets.add(at // window.step, 1, window.span)
        return state

    def merge(self, ours: list[Buckets], theirs: list[Buckets]) -> list[Buckets]:
        """Add bucket by bucket."""
        for mine, other, window in zip(ours, theirs, self.windows, strict=True):
            mine.merge(other, window.span)
        return ours

    def read(self, state: list[Buckets], now: int) -> tuple[Value, ...]:
        """Sum the buckets that each window covers at `now`."""
        return tuple(
            sum(n for _, n in buckets.within(now // window.step, window.span))
            for buckets, window in zip(state, self.windows, strict=True)
        )

    def pack(self, state: list[Buckets]) -> bytes:
        """One packed `Buckets` a window."""
        return b"".join(buckets.pack() for buckets in state)

    def unpack(self, raw: bytes, start: int) -> tuple[list[Buckets], int]:
        """As packed."""
        state = []
        for _ in self.windows:
            buckets, start = Buckets.unpack(raw, start)
            state.append(buckets)
        return state, start


def _told(step: int) -> str:
    if step == HOUR:
        return "an hour"
    return f"{step // HOUR} hours" if step > HOUR else f"{step // MINUTE} minutes"
