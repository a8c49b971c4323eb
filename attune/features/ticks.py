"""Amounts in time buckets that grow coarser with age: one state behind every window.

An amount rests in the finest bucket whose window still covers it. When the newest event has moved
on it goes into the next coarser bucket, and out of the last one it is forgotten. So an hour in
steps of five minutes and a month in steps of a day together take no more buckets than have
something in them, and each event is in one bucket.
"""

from collections.abc import Sequence
from itertools import compress
from typing import Final, NamedTuple, TypeAlias

import msgspec

from attune.errors import ConfigurationError
from attune.features.feature import CorruptState

Amounts: TypeAlias = list[int]
"""One integer a column."""

Column: TypeAlias = Sequence[int]
"""One integer a bucket."""

_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1
"""What MessagePack can say."""
_NONE: list[int] = []
_NO_MASK: list[bool] = []


class Window(NamedTuple):
    """A window is the current bucket and the `span - 1` before it; `step` is ms a bucket.

    So it is never longer than it says, and shorter by less than one bucket.
    """

    name: str
    step: int
    span: int


class Table(NamedTuple):
    """The same by column, as it is stored and read: bucket numbers by level, then the amounts.

    Amounts of a column are in the order of the buckets, those of the finest level first; a column
    without any has none.
    """

    buckets: list[list[int]]
    columns: Sequence[Column]


class Ticks:
    """What happened, by bucket: for each window a dict of bucket number -> amounts.

    Those that come from the store are a table until something is added: reading needs no more.
    """

    __slots__ = ("_levels", "newest", "table")

    def __init__(
        self, levels: list[dict[int, Amounts]], newest: int = 0, table: Table | None = None
    ) -> None:
        self._levels = levels
        self.newest = newest
        """Number of the newest bucket in steps of the first window."""
        self.table = table

    @property
    def levels(self) -> list[dict[int, Amounts]]:
        """By window, to be changed."""
        if self.table is not None:
            self._levels = _levels(self.table)
            self.table = None
        return self._levels


def _levels(table: Table) -> list[dict[int, Amounts]]:
    count = sum(map(len, table.buckets))
    whole = [column or [0] * count for column in table.columns]
    rows = map(list, zip(*whole, strict=True))
    return [{bucket: next(rows) for bucket in level} for level in table.buckets]


class Scale:
    """The windows of a state, finest first: adds, merges and packs `Ticks`.

    Whatever falls out at one event would fall out at any later one, and amounts are integers: the
    state does not depend on the order of events.

    Raises:
        ConfigurationError: the steps do not nest, or a window is no longer than a finer one.
    """

    def __init__(self, windows: Sequence[Window], columns: int) -> None:
        self.windows = tuple(windows)
        self.columns = columns
        self._step = windows[0].step
        self._nothing: list[Column] = [()] * columns
        self._zeros = [0] * len(windows)
        # A coarser bucket is so many of the finest ones.
        self._ratio = tuple(window.step // self._step for window in windows)
        self._span = tuple(window.span for window in windows)
        for finer, coarser in zip(self.windows, self.windows[1:], strict=False):
            if coarser.step % finer.step or coarser.step * coarser.span < finer.step * finer.span:
                raise ConfigurationError(
                    f"window {coarser.name} does not nest with {finer.name}: its step must be a "
                    "multiple, and the window as long or longer"
                )

    def empty(self) -> Ticks:
        """Nothing happened."""
        return Ticks([{} for _ in self.windows])

    def add(self, ticks: Ticks, at: int, column: int, amount: int) -> Ticks:
        """Count `amount` at a moment (ms since 1970), unless every window has left it behind."""
        bucket = at // self._step
        if bucket != ticks.newest:
            if bucket > ticks.newest:
                self._advance(ticks, bucket)
            else:
                place = self._place(ticks, bucket)
                if place is not None:
                    self._amounts(ticks, *place)[column] += amount
                return ticks
        finest = ticks.levels[0]
        amounts = finest.get(bucket)
        if amounts is None:
            amounts = finest[bucket] = [0] * self.columns
        amounts[column] += amount
        return ticks

    def merge(self, ours: Ticks, theirs: Ticks) -> Ticks:
        """Add bucket by bucket; `theirs` is spent."""
        if theirs.newest > ours.newest:
            ours, theirs = theirs, ours
        self._advance(theirs, ours.newest)
        for mine, other in zip(ours.levels, theirs.levels, strict=True):
            for bucket, amounts in other.items():
                known = mine.get(bucket)
                mine[bucket] = amounts if known is None else list(map(int.__add__, known, amounts))
        return ours

    def table(self, ticks: Ticks) -> Table:
        """Return what happened by column."""
        if ticks.table is not None:
            return ticks.table
        levels = ticks.levels
        rows = [row for level in levels for row in level.values()]
        columns = [column if any(column) else () for column in zip(*rows, strict=True)]
        return Table([[*level] for level in levels], columns or self._nothing)

    def totals(self, table: Table, now: int) -> list[list[int]]:
        """Return, for each column, what each window that ends at `now` (ms since 1970) holds.

        As a rule a window covers the whole of its level and of the finer ones, and then the total
        is that of the first so many buckets; else a mask says of which of them.
        """
        covered: list[tuple[int, list[bool]]] = []
        begins: list[int] = []
        count, oldest = 0, now
        for (_, step, span), buckets in zip(self.windows, table.buckets, strict=True):
            if buckets:
                count += len(buckets)
                oldest = min(oldest, min(buckets) * step)
            first = (now // step - span + 1) * step  # ms: where the window begins
            if oldest >= first:
                covered.append((count, _NO_MASK))
            else:
                begins = begins or self._begins(table)
                covered.append((count, [moment >= first for moment in begins[:count]]))
        return [
            [sum(compress(column, mask) if mask else column[:n]) for n, mask in covered]
            if column
            else self._zeros
            for column in table.columns
        ]

    def _begins(self, table: Table) -> list[int]:
        """Return when each bucket begins, ms since 1970."""
        levels = zip(self.windows, table.buckets, strict=True)
        return [bucket * step for (_, step, _), buckets in levels for bucket in buckets]

    def ages(self, table: Table, now: int, window: int) -> list[int]:
        """Return the age of each bucket at `now` in whole steps of a window.

        Levels that are coarser than the window are left out.
        """
        step = self.windows[window].step
        current = now // step
        found: list[int] = []
        for level in range(window + 1):
            ratio = step // self.windows[level].step
            found += [current - bucket // ratio for bucket in table.buckets[level]]
        return found

    def _advance(self, ticks: Ticks, newest: int) -> None:
        """Move on, and let what is too old for a level sink into the next."""
        ticks.newest = newest
        last = len(self.windows) - 1
        for level, (ratio, span) in enumerate(zip(self._ratio, self._span, strict=True)):
            held = ticks.levels[level]
            if not held:
                continue
            bound = newest // ratio - span
            if min(held) > bound:
                continue
            gone = [(bucket, held.pop(bucket)) for bucket in list(held) if bucket <= bound]
            if level < last:
                self._sink(ticks.levels[level + 1], gone, self._ratio[level + 1] // ratio)

    @staticmethod
    def _sink(coarser: dict[int, Amounts], gone: list[tuple[int, Amounts]], ratio: int) -> None:
        for bucket, amounts in gone:
            above = bucket // ratio
            known = coarser.get(above)
            coarser[above] = amounts if known is None else list(map(int.__add__, known, amounts))

    def _place(self, ticks: Ticks, bucket: int) -> tuple[int, int] | None:
        """Return level and number of the bucket that a late amount rests in."""
        for level, (ratio, span) in enumerate(zip(self._ratio, self._span, strict=True)):
            if bucket // ratio > ticks.newest // ratio - span:
                return level, bucket // ratio
        return None

    def _amounts(self, ticks: Ticks, level: int, bucket: int) -> Amounts:
        held = ticks.levels[level]
        amounts = held.get(bucket)
        if amounts is None:
            amounts = held[bucket] = [0] * self.columns
        return amounts

    def pack(self, ticks: Ticks) -> bytes:
        """Return as MessagePack: newest bucket, ages level by level, amounts column by column.

        A column without amounts is one 0.
        """
        rows: list[Amounts] = []
        ages: list[list[int]] = []
        newest, ratios = ticks.newest, self._ratio
        for level, held in enumerate(ticks.levels):
            if not held:
                ages.append(_NONE)
                continue
            top = newest // ratios[level]
            buckets = sorted(held)
            ages.append([top - bucket for bucket in buckets])
            rows += [held[bucket] for bucket in buckets]
        if not rows:
            return b""
        columns = [column if any(column) else 0 for column in zip(*rows, strict=True)]
        try:
            return _ENCODER.encode((newest, ages, columns))
        except OverflowError:
            return _ENCODER.encode((newest, ages, list(map(_clamped, columns))))

    def unpack(self, raw: bytes) -> Ticks:
        """Return the ticks in packed bytes."""
        newest, ages, columns = _DECODER.decode(raw)
        if len(ages) != len(self.windows) or len(columns) != self.columns:
            raise CorruptState(f"{len(ages)} windows and {len(columns)} columns")
        count = sum(map(len, ages))
        amounts = [_NONE if isinstance(column, int) else column for column in columns]
        if any(column and len(column) != count for column in amounts):
            raise CorruptState(f"columns that have not {count} amounts each")
        buckets = [
            [newest // ratio - age for age in level]
            for level, ratio in zip(ages, self._ratio, strict=True)
        ]
        return Ticks([], newest, Table(buckets, amounts))


def _clamped(column: Sequence[int] | int) -> Sequence[int] | int:
    """What no 64 bits hold stops at the least or the largest that they do."""
    if isinstance(column, int):
        return column
    return [max(_LEAST, min(amount, _MOST)) for amount in column]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[int, list[list[int]], list[list[int] | int]])
