"""How often something happened, and how much of it, in windows that end now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.buckets import Buckets
from attune.features.codec import Codec
from attune.features.feature import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Act,
    Feature,
    Field,
    Value,
    act_of,
)
from attune.features.money import MICROS, revenue
from attune.features.steps import Calling, Step
from attune.features.ticks import Counting, Scale, Ticks, Window
from attune.features.windowed import Fading, Windowed

HOUR_TO_MONTH = (
    Window("1h", 5 * MINUTE, 12),
    Window("24h", HOUR, 24),
    Window("7d", 6 * HOUR, 28),
    Window("30d", DAY, 30),
)


class Count(NamedTuple):
    """How many events of an act, or of several: fields `{name}_{window}`."""

    name: str
    act: Act | frozenset[Act]
    unit: str = "events"

    @property
    def acts(self) -> frozenset[Act]:
        """The acts it counts."""
        return self.act if isinstance(self.act, frozenset) else frozenset({self.act})


class Sum(NamedTuple):
    """What an amount of the events of an act adds up to, in the unit of `per` of the amount.

    `amount` returns an integer, so that sums are exact in any order: of money, micros.
    """

    name: str
    act: Act
    amount: Callable[[Event], int] = revenue
    per: int = MICROS
    unit: str = "currency"

    @property
    def acts(self) -> frozenset[Act]:
        """The act it sums over."""
        return frozenset({self.act})


class Ratio(NamedTuple):
    """`times` one window of a column over another; null while the lower one is 0."""

    name: str
    over: tuple[str, str]
    """Column and window, such as `("purchases", "7d")`."""
    under: tuple[str, str]
    description: str
    times: float = 1.0


class Decay(NamedTuple):
    """Points of several columns that halve with time, on a scale that saturates where it has one.

    `points = sum(n * points[column] * 0.5 ** (age / half_life))`, where the age is counted in whole
    buckets of the step of `window`, and what `window` does not cover counts no more. With a `scale`
    it is `100 * (1 - exp(-points / scale))`: 63 at the scale, and never above 100; points below 0
    are 0 there. (The form of saturation is ours.)
    """

    name: str
    points: Mapping[str, int]
    """Column -> points of one of its events."""
    window: str
    half_life: int
    """Milliseconds."""
    description: str
    scale: float | None = None
    unit: str = "points"


@dataclass(frozen=True)
class Windows(Feature[Ticks]):
    """Counts and sums of the last hour, day, week and month, evaluated when read.

    Fields: `{column}_{window}` for each column that is not hidden, then decays, then ratios. An
    event that comes late is counted in every window that it still belongs to. All columns and
    windows share one set of buckets (`Ticks`). Sums are exact up to 64 bits, and stop there.

    Raises:
        ConfigurationError: windows do not nest, or a decay or ratio is of what is not declared.
    """

    columns: tuple[Count | Sum, ...]
    windows: tuple[Window, ...] = HOUR_TO_MONTH
    decays: tuple[Decay, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    hidden: frozenset[str] = frozenset()
    """Columns that only decays and ratios are about."""
    _scale: Scale = field(init=False, repr=False, compare=False)
    _buckets: Buckets = field(init=False, repr=False, compare=False)
    _by_act: Mapping[Act, tuple[tuple[int, Callable[[Event], int] | None], ...]] = field(
        init=False, repr=False, compare=False
    )
    _windowed: Windowed = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Group the columns by act, and find where ratios and decays look."""
        by_act: dict[Act, tuple[tuple[int, Callable[[Event], int] | None], ...]] = {}
        for number, column in enumerate(self.columns):
            amount = column.amount if isinstance(column, Sum) else None
            for act in column.acts:
                by_act[act] = (*by_act.get(act, ()), (number, amount))
        ratios = [(self._place(r.over), self._place(r.under), r.times) for r in self.ratios]
        shown = [
            (number, column.per if isinstance(column, Sum) else 0)
            for number, column in enumerate(self.columns)
            if column.name not in self.hidden
        ]
        scale = Scale(self.windows, len(self.columns))
        buckets = Buckets(scale)
        windowed = Windowed(buckets, shown, [self._faded(decay) for decay in self.decays], ratios)
        object.__setattr__(self, "_scale", scale)
        object.__setattr__(self, "_buckets", buckets)
        object.__setattr__(self, "_by_act", by_act)
        object.__setattr__(self, "_windowed", windowed)

    def _faded(self, decay: Decay) -> Fading:
        places = [(self._place((name, decay.window)), n) for name, n in decay.points.items()]
        window = [each.name for each in self.windows].index(decay.window)
        _, step, span = self.windows[window]
        return Fading(
            window,
            tuple((column, points) for (_, column), points in places),
            tuple(0.5 ** (age * step / decay.half_life) for age in range(span)),
            decay.scale,
        )

    def _place(self, which: tuple[str, str]) -> tuple[int, int]:
        columns = [column.name for column in self.columns]
        windows = [window.name for window in self.windows]
        column, window = which
        if column not in columns or window not in windows:
            raise ConfigurationError(f"{column} in {window} is asked for, which is not declared")
        return windows.index(window), columns.index(column)

    @property
    def acts(self) -> frozenset[Act]:  # type: ignore[override] # constant for one instance
        """Those of its columns."""
        return frozenset().union(*(column.acts for column in self.columns))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Column by column, window by window, then decays, then ratios."""
        counted = tuple(
            Field(
                f"{column.name}_{window.name}",
                "int64" if isinstance(column, Count) else "float64",
                f"{_title(column.name)} in the last {window.name}, in steps of "
                + _told(window.step),
                column.unit,
            )
            for column in self.columns
            if column.name not in self.hidden
            for window in self.windows
        )
        decays = tuple(Field(d.name, "float64", d.description, d.unit) for d in self.decays)
        ratios = tuple(Field(r.name, "float64", r.description, "ratio") for r in self.ratios)
        return counted + decays + ratios

    def empty(self) -> Ticks:
        """No buckets."""
        return self._scale.empty()

    def update(self, state: Ticks, event: Event, at: int) -> Ticks:
        """Count the event in its bucket."""
        for column, amount in self._by_act.get(act_of(event), ()):
            state = self._scale.add(state, at, column, 1 if amount is None else amount(event))
        return state

    def step(self, act: Act) -> Step:
        """Return the shortest way where an act has one column that counts."""
        (column, amount), *more = self._by_act[act]
        if more or amount is not None:
            return Calling(self.update)
        return Counting(self._scale, column)

    def merge(self, ours: Ticks, theirs: Ticks) -> Ticks:
        """Add bucket by bucket."""
        return self._scale.merge(ours, theirs)

    def read(self, state: Ticks, now: int) -> tuple[Value, ...]:
        """Sum the buckets that each window covers at `now`."""
        return self._windowed.read(self._buckets.packed(state), now)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`."""
        return self._windowed.read(raw, now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """See `Windowed.read`."""
        return self._windowed.read

    def codec(self) -> Codec:
        """See `Buckets`."""
        return self._buckets

    def pack(self, state: Ticks) -> bytes:
        """See `Buckets`."""
        return self._buckets.packed(state)

    def unpack(self, raw: bytes) -> Ticks:
        """As packed."""
        return self._buckets.unpack(raw)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _told(step: int) -> str:
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if step % unit == 0:
            count = step // unit
            return f"{count} {name}s" if count > 1 else f"{'an' if name == 'hour' else 'a'} {name}"
    return f"{step / SECOND:g} seconds"
