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
from itertools import accumulate, compress
from typing import Any, Final, NamedTuple

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr, u8

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.codec import Codec
from attune.features.columns import loosened, table_unpacked, write_table
from attune.features.feature import MINUTE, CorruptState
from attune.features.steps import Step
from attune.unsigned import put_u16, put_u32, u16, u32

_BYTE: Final = 256
_LOW: Final = 255
_MINUTES: Final = 4  # bytes
_LOWER: Final = (1 << 8 * _MINUTES) - 1
_BITS: Final[tuple[u8, ...]] = (128, 64, 32, 16, 8, 4, 2, 1)
_FEW: Final = 16  # buckets that are told by their places, a byte each


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


class Scale(Codec):
    """The windows of a state, finest first: adds, merges and packs `Ticks`.

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
        self._all = range(self._start[-1])
        self._few = _FEW if len(self._all) <= _BYTE else 0
        # Four bytes have the minutes until the year 10136, six the milliseconds until 10889.
        self._size = _MINUTES if self.step >= MINUTE else 6
        self._head = self._size + (columns + 7 >> 3)
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

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Ticks`
        """Write the newest bucket, which buckets have something in them, and column by column.

        Few buckets are told by their places, more by a bit for each place there is.
        """
        ticks: Ticks = state
        count: i64 = len(ticks.places)
        if not count:
            return
        put_u32(out, ticks.newest & _LOWER if self._size > _MINUTES else ticks.newest)
        if self._size > _MINUTES:
            put_u16(out, ticks.newest >> 8 * _MINUTES)
        masks: i64 = len(out)
        for _ in range(self._head - self._size):
            out.append(0)
        if count <= self._few:
            out.append(count)
            for place in ticks.places:
                out.append(place)
        else:
            self._write_flags(ticks.places, out)
        mask = write_table(out, ticks.amounts, self.columns)
        while mask:
            out[masks] = mask & _LOW
            masks += 1
            mask >>= 8

    def _write_flags(self, places: list[int], out: BytesWriter) -> None:
        """Write a bit for each place there is, behind the 0 that says so."""
        out.append(0)
        start: i64 = len(out)
        for _ in range(len(self._all) + 7 >> 3):
            out.append(0)
        for each in places:
            place: i64 = each
            out[start + (place >> 3)] |= _BITS[place & 7]

    def opened(self, raw: bytes) -> tuple[int, int, list[int], int]:
        """Return the newest bucket, a bit for each column, the places, and where columns begin.

        Raises:
            LookupError, ValueError: the bytes are no ticks.
        """
        newest: i64 = u32(raw, 0)
        if self._size > _MINUTES:
            newest |= u16(raw, _MINUTES) << 8 * _MINUTES
        start = self._head
        mask, count = raw[self._size], raw[start]
        for place in range(self._size + 1, start):
            mask |= raw[place] << 8 * (place - self._size)
        start += 1
        if count:
            end = start + count
            places = _ascending(raw[start:end])
        else:
            flags, end = loosened(raw, start, len(self._all), 1)
            places = list(compress(self._all, flags))
        if not places or places[-1] >= len(self._all):
            raise CorruptState(f"{len(raw)} bytes of buckets")
        return newest, mask, places, end

    def unpack(self, raw: bytes) -> Ticks:
        """Return the ticks in packed bytes."""
        newest, mask, places, start = self.opened(raw)
        amounts, end = table_unpacked(raw, start, len(places), self.columns, mask)
        if end != len(raw):
            raise CorruptState(f"{len(raw)} bytes of buckets")
        return Ticks(newest, places, amounts)


@mypyc_attr(acyclic=True)
class Counting(Step):
    """Counts 1 in a column."""

    def __init__(self, scale: Scale, column: int) -> None:
        self._scale = scale
        self._column = column

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Count the event in its bucket."""
        return self._scale.add(state, at, self._column, 1)


def _ascending(places: bytes) -> list[int]:
    before = -1
    for place in places:
        if place <= before:
            raise CorruptState("buckets that are not in order")
        before = place
    return list(places)
