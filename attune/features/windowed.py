"""What windows answer, from their buckets; apart from `windows`, so that it is compiled."""

import math
from collections.abc import Sequence
from operator import mul

from attune.features.feature import Value
from attune.features.ticks import Column, Scale, Ticks


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

    def read(self, columns: Sequence[Column], ages: list[int]) -> float:
        """Sum without rounding in between, so that the float does not depend on the order."""
        shares = self._shares
        span = len(shares)
        left = [shares[age] if 0 <= age < span else 0.0 for age in ages]
        parts: list[float] = []
        for column, points in self._points:
            amounts = columns[column]
            if amounts:
                parts.append(points * math.fsum(map(mul, amounts, left)))
        total = math.fsum(parts)
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
        scale: Scale,
        shown: Sequence[tuple[int, int]],
        fading: Sequence[Fading],
        ratios: Sequence[tuple[tuple[int, int], tuple[int, int], float]],
    ) -> None:
        self._scale = scale
        self._shown = list(shown)
        self._fading = list(fading)
        self._ratios = list(ratios)

    def read(self, ticks: Ticks, now: int) -> tuple[Value, ...]:
        """Return the values at `now` (ms since 1970)."""
        scale = self._scale
        table = scale.table(ticks)
        totals = scale.totals(table, now)
        values: list[Value] = []
        for column, per in self._shown:
            held = totals[column]
            values += [amount / per for amount in held] if per else held
        for each in self._fading:
            values += [each.read(table.columns, scale.ages(table, now, each.window))]
        for (window, column), (lower_window, lower_column), times in self._ratios:
            lower = totals[lower_column][lower_window]
            values.append(times * totals[column][window] / lower if lower else None)
        return tuple(values)
