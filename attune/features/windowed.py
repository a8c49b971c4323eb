"""What windows answer, from their buckets; apart from `windows`, so that it is compiled."""

import math
from collections.abc import Sequence
from typing import Final

from attune.features.buckets import Buckets
from attune.features.columns import unpacked
from attune.features.feature import CorruptState, Value


class Fading:
    """Points of several columns that halve with time: see `windows.Decay`."""

    def __init__(
        self,
        window: int,
        points: Sequence[tuple[int, int]],
        shares: Sequence[float],
        scale: float | None,
    ) -> None:
        self.window = window
        self._points = list(points)
        """Of an event, by number of the column."""
        self._shares = list(shares)
        """What is left of a point, by its age in steps of the window."""
        self._scale = scale

    def read(self, columns: list[list[int]], ages: list[int]) -> float:
        """Add up in the order of the buckets: equal states give equal floats."""
        count = len(ages)
        gained = [0] * count
        for column, points in self._points:
            _gain(gained, columns[column], points)
        shares = self._shares
        span = len(shares)
        total = 0.0
        for place in range(count):
            age = ages[place]
            if 0 <= age < span:
                total += gained[place] * shares[age]
        if self._scale is None:
            return total
        return 100.0 * (1.0 - math.exp(-max(total, 0.0) / self._scale))


class Windowed:
    """Counts and sums by column and window, then decays, then ratios.

    `shown` are numbers of columns, each with what its amounts are divided by, 0 of counts; `ratios`
    are window and column, those below, and a factor.
    """

    def __init__(
        self,
        buckets: Buckets,
        shown: Sequence[tuple[int, int]],
        fading: Sequence[Fading],
        ratios: Sequence[tuple[tuple[int, int], tuple[int, int], float]],
    ) -> None:
        scale = buckets.scale
        self._buckets = buckets
        self._shown = list(shown)
        self._fading = list(fading)
        self._ratios = list(ratios)

        nothing = [0] * len(scale.windows)
        self._wholes: list[Value] = [*nothing]
        self._floats: list[Value] = [*_each(nothing, 1)]
        """What a column of zeros says."""
        self._never: list[Value] = [amount for _, per in shown for amount in _each(nothing, per)]
        self._never += [each.read([[]] * scale.columns, []) for each in fading]
        self._never += [None] * len(ratios)

    def read(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """Return the values at `now` (ms since 1970), of packed ticks."""
        if not raw:
            return tuple(self._never)
        newest, mask, places, start = self._buckets.opened(raw)
        scale = self._buckets.scale
        count = len(places)
        columns: list[list[int]] = []
        for _ in range(scale.columns):
            if mask & 1:
                column, start = unpacked(raw, start, count)
                columns.append(column)
            else:
                columns.append(_ZEROS)
            mask >>= 1
        if start != len(raw) or mask:
            raise CorruptState(f"{len(raw)} bytes of buckets")
        covered = scale.covered(newest, places, now)
        values: list[Value] = []
        for number, per in self._shown:
            column = columns[number]
            if column:
                values += _each(_totals(column, covered), per)
            else:
                values += self._floats if per else self._wholes
        for each in self._fading:
            ages = scale.steps_ago(newest, places, now, each.window)
            values.append(each.read(columns, ages))
        for (window, number), (lower_window, lower_number), times in self._ratios:
            lower = _totals(columns[lower_number], covered)[lower_window]
            upper = _totals(columns[number], covered)[window]
            values.append(times * upper / lower if lower else None)
        return tuple(values)


def _each(amounts: list[int], per: int) -> Sequence[Value]:
    return [amount / per for amount in amounts] if per else amounts


def _totals(column: list[int], covered: list[int]) -> list[int]:
    """Return what the first so many buckets hold of a column, window by window."""
    if not column:
        return [0] * len(covered)
    found: list[int] = []
    total, before = 0, 0
    for count in covered:
        if count < before:  # a coarser window may begin later than a finer one as long
            total, before = 0, 0
        for place in range(before, count):
            total += column[place]
        before = count
        found.append(total)
    return found


def _gain(gained: list[int], column: list[int], points: int) -> None:
    for place in range(min(len(gained), len(column))):
        gained[place] += points * column[place]


_ZEROS: Final[list[int]] = []
"""A column of zeros, however many."""
