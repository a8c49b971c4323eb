"""Amounts in time buckets that grow coarser with age: one state behind every window.

An amount rests in the finest bucket whose window still covers it. When the newest event has moved
on it goes into the next coarser bucket, and out of the last one it is forgotten. So an hour in
steps of five minutes and a month in steps of a day together take no more buckets than have
something in them, and each event is in one bucket.

Whatever is in a coarser level is older than all in a finer one. So the buckets of all levels are
one row, the newest first, in which sinking moves nothing: the last of a level becomes the first of
the next, or one with it. And a window that ends now covers the beginning of that row.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.steps import Step


class Window(NamedTuple):
    """A window is the current bucket and the `span - 1` before it; `step` is ms a bucket.

    So it is never longer than it says, and shorter by less than one bucket.
    """

    name: str
    step: int
    span: int


@mypyc_attr(acyclic=True)
class Ticks:
    """What happened: which buckets have something in them, and the amounts in each."""

    __slots__ = ("amounts", "newest", "places")

    def __init__(self, newest: int, places: list[int], amounts: list[int]) -> None:
        self.newest: int = newest
        """Number of the newest bucket in steps of the first window."""
        self.places: list[int] = places
        """How many steps each bucket is before the newest event, the newest bucket first.

        In steps of its level; those of each level are counted on from those of the one before.
        """
        self.amounts: list[int] = amounts
        """One a column, bucket after bucket."""


class Scale:
    """The windows of a state, finest first: adds and merges `Ticks`.

    Whatever falls out at one event would fall out at any later one, and amounts are integers: the
    state does not depend on the order of events.

    Raises:
        ConfigurationError: the steps do not nest, or a window is no longer than a finer one.
    """

    def __init__(self, windows: Sequence[Window], columns: int) -> None:
        self.windows = tuple(windows)
        self.columns = columns
        self.step = windows[0].step
        self._steps = [window.step for window in windows]
        # A coarser bucket is so many of the finest ones.
        self._ratio = [window.step // self.step for window in windows]
        self._span = [window.span for window in windows]
        self._start = list(accumulate(self._span, initial=0))
        """Where the places of each level begin, and where those of the last one end."""
        self._nothing = [0] * columns
        self.places = self._start[-1]
        """How many there are."""
        for finer, coarser in zip(self.windows, self.windows[1:], strict=False):
            if coarser.step % finer.step or coarser.step * coarser.span < finer.step * finer.span:
                raise ConfigurationError(
                    f"window {coarser.name} does not nest with {finer.name}: its step must be a "
                    "multiple, and the window as long or longer"
                )

    def empty(self) -> Ticks:
        """Nothing happened."""
        return Ticks(0, [], [])

    def add(self, ticks: Ticks, at: int, column: int, amount: int) -> Ticks:
        """Count `amount` at a moment (ms since 1970), unless every window has left it behind."""
        bucket = at // self.step
        if bucket > ticks.newest:
            self._advance(ticks, bucket)
        if bucket == ticks.newest and ticks.places and not ticks.places[0]:
            ticks.amounts[column] += amount
            return ticks
        place = self._place(0, bucket, ticks.newest)
        if place >= 0:
            ticks.amounts[self._first(ticks, place) + column] += amount
        return ticks

    def merge(self, ours: Ticks, theirs: Ticks) -> Ticks:
        """Add bucket by bucket; `theirs` is spent."""
        if theirs.newest > ours.newest:
            ours, theirs = theirs, ours
        self._advance(theirs, ours.newest)
        other = 0
        for place in theirs.places:
            first = self._first(ours, place)
            for column in range(self.columns):
                ours.amounts[first + column] += theirs.amounts[other + column]
            other += self.columns
        return ours

    def _advance(self, ticks: Ticks, newest: int) -> None:
        """Move on, and let what is too old for a level sink into the next."""
        before, ticks.newest = ticks.newest, newest
        places, amounts, columns = ticks.places, ticks.amounts, self.columns
        done = 0
        while done < len(places):
            level, bucket = self._bucket(places[done], before)
            place = self._place(level, bucket, newest)
            first = done * columns
            if place < 0:  # and whatever is older
                del places[done:]
                del amounts[first:]
            elif done and places[done - 1] == place:
                for column in range(columns):
                    amounts[first - columns + column] += amounts[first + column]
                del places[done]
                del amounts[first : first + columns]
            else:
                places[done] = place
                done += 1

    def _first(self, ticks: Ticks, place: int) -> int:
        """Return where the amounts of a bucket begin, which is made if there is none."""
        places = ticks.places
        index = bisect_left(places, place)
        first = index * self.columns
        if index == len(places) or places[index] != place:
            places.insert(index, place)
            ticks.amounts[first:first] = self._nothing
        return first

    def _bucket(self, place: int, newest: int) -> tuple[int, int]:
        """Return level and number of the bucket at a place."""
        level = 0
        while place >= self._start[level + 1]:
            level += 1
        return level, newest // self._ratio[level] - (place - self._start[level])

    def _place(self, level: int, bucket: int, newest: int) -> int:
        """Return the place of a bucket of a level, or of that of a coarser one which it is in.

        -1 where every window has left it behind.
        """
        ratio = self._ratio[level]
        while True:
            age = newest // ratio - bucket
            if age < self._span[level]:
                return self._start[level] + age
            level += 1
            if level == len(self._span):
                return -1
            finer, ratio = ratio, self._ratio[level]
            bucket //= ratio // finer

    def covered(self, newest: int, places: list[int], now: int) -> list[int]:
        """Return how many of the first buckets each window covers at `now` (ms since 1970)."""
        found: list[int] = []
        for window, step in enumerate(self._steps):
            begins = (now // step - self._span[window] + 1) * step
            count = bisect_left(places, self._start[window + 1])
            while count:
                level, bucket = self._bucket(places[count - 1], newest)
                if bucket * self._steps[level] >= begins:
                    break
                count -= 1
            found.append(count)
        return found

    def steps_ago(self, newest: int, places: list[int], now: int, window: int) -> list[int]:
        """Return the age of each bucket at `now` (ms since 1970) in whole steps of a window.

        Those of coarser levels are left out.
        """
        ratio = self._ratio[window]
        current = now // self._steps[window]
        end = self._start[window + 1]
        found: list[int] = []
        for place in places:
            if place >= end:
                break
            level, bucket = self._bucket(place, newest)
            found.append(current - bucket // (ratio // self._ratio[level]))
        return found


@mypyc_attr(acyclic=True)
class Counting(Step):
    """Counts 1 in a column."""

    def __init__(self, scale: Scale, column: int) -> None:
        self._scale = scale
        self._column = column

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Count the event in its bucket."""
        return self._scale.add(state, at, self._column, 1)
