"""Names with points that fade: what `Affinity` folds, apart from it so that it can be compiled."""

import struct
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from attune.features.columns import packed, unpacked
from attune.features.feature import SECOND, CorruptState, Value
from attune.features.spelled import name_at, pieces_of, spelled, whole

_HEAD = struct.Struct("<IIBBHB")
"""Newest bucket (the minutes until the year 10136); the second after the latest event, low bits and
high ones; how many names there are; for each age a bit if there are any points; how many names are
told by when they were met. The places of those follow, the newest first."""
_HIGH: Final = 32
_LOW: Final = (1 << 32) - 1
_SECONDS: Final = 4
"""Bytes of the seconds between the newest name and another; those stand at the end."""
MOST_SECONDS: Final = _LOW
MOST_NAMES: Final = 255
_PLACE: Final = 8  # bits that hold one
MOST_AGES: Final = 16


class Tastes:
    """Names in order, when each was met, and column by column the points they had at an age."""

    __slots__ = ("met", "names", "newest", "points", "spelled")

    def __init__(
        self, newest: int, names: list[str], met: list[int], points: list[list[int]]
    ) -> None:
        self.newest = newest
        """Number of the newest bucket, of one half-life each."""
        self.names = names
        self.met = met
        """The second after the latest event, 0 for all but the newest names."""
        self.points = points
        """By age in buckets, the newest first."""
        self.spelled = b""
        """The names as they are stored; nothing when one has come or gone."""


class Liking:
    """How names gain points, lose them with age, and are let go: see `Affinity`.

    `shown` is how many of the newest names are never let go, and of which it is kept when they were
    met: one at least.
    """

    def __init__(self, half_life: int, span: int, keep: int, shown: int) -> None:
        self._half_life = half_life
        self._span = span
        self._keep = keep
        self._shown = shown

    def empty(self) -> Tastes:
        """Nothing met."""
        return Tastes(0, [], [], [[] for _ in range(self._span)])

    def add(self, state: Tastes, names: Iterable[str], at: int, points: int) -> None:
        """Give points to some names, at least one, at a moment (ms since 1970)."""
        bucket = at // self._half_life
        if bucket > state.newest:
            self._age(state, bucket)
        age = state.newest - bucket
        if age >= self._span:
            return
        after = at // SECOND + 1
        for name in names:
            place = _place(state, name)
            state.points[age][place] += points
            state.met[place] = max(state.met[place], after)
            if len(state.names) > self._keep:
                self._let_go(state)

    def merge(self, ours: Tastes, theirs: Tastes) -> Tastes:
        """Add name by name."""
        newest = max(ours.newest, theirs.newest)
        self._age(ours, newest)
        self._age(theirs, newest)
        for other, name in enumerate(theirs.names):
            place = _place(ours, name)
            ours.met[place] = max(ours.met[place], theirs.met[other])
            for own, points in zip(ours.points, theirs.points, strict=True):
                own[place] += points[other]
        self._let_go(ours)
        return ours

    def _age(self, state: Tastes, newest: int) -> None:
        """Move on; names without points any more are forgotten."""
        gone = min(newest - state.newest, self._span)
        state.newest = newest
        if gone and state.names:
            fresh = [[0] * len(state.names) for _ in range(gone)]
            state.points = fresh + state.points[: self._span - gone]
            for place in range(len(state.names) - 1, -1, -1):
                if not any([points[place] for points in state.points]):  # noqa: C419 - compiled, a list is faster
                    _remove(state, place)

    def _let_go(self, state: Tastes) -> None:
        """Forget the least liked beyond `keep`; never one of the newest, which others show."""
        while len(state.names) > self._keep:
            newest = set(greatest(state.met, self._shown))
            weights = self._weights(state)
            others = [place for place in range(len(weights)) if place not in newest]
            _remove(state, min(others, key=weights.__getitem__))

    def _weights(self, state: Tastes) -> list[int]:
        """Return the points of each name as they have decayed, times `2 ** (span - 1)`."""
        weights = [0] * len(state.names)
        for age, points in enumerate(state.points):
            _weigh(weights, points, self._span - 1 - age)
        return weights

    def pack(self, state: Tastes) -> bytes:
        """Return when names were met, their points by age, and the names themselves.

        When it was met is kept of the newest names alone. Others can only come to be among those by
        a newer event; or when those are forgotten, and then they are forgotten as well.
        """
        names, met = state.names, state.met
        count = len(names)
        if not count:
            return b""
        newest = greatest(met, min(count, self._shown))
        kept = [0] * count
        for place in newest:
            kept[place] = met[place]
        state.met = kept
        latest = met[newest[0]]
        parts = [b"", bytes(newest)]
        ages, bit = 0, 1
        for points in state.points:
            if any(points):
                ages |= bit
                parts.append(packed(points))
            bit <<= 1
        if not state.spelled:
            state.spelled = spelled(names)
        parts.append(state.spelled)
        seconds = [min(latest - met[place], _LOW) for place in newest[1:]]  # more in damaged ones
        parts += [each.to_bytes(_SECONDS, "little") for each in seconds]
        parts[0] = _HEAD.pack(
            state.newest, latest & _LOW, latest >> _HIGH, count, ages, len(newest)
        )
        return b"".join(parts)

    def unpack(self, raw: bytes) -> Tastes:
        """Return the tastes in packed bytes."""
        newest, low, high, count, ages, told = _HEAD.unpack_from(raw)
        start = _HEAD.size + told
        places = raw[_HEAD.size : start]
        points: list[list[int]] = []
        for _ in range(self._span):
            if ages & 1:
                column, start = unpacked(raw, start, count)
                points.append(column)
            else:
                points.append([0] * count)
            ages >>= 1
        end = len(raw) - _SECONDS * (told - 1)
        stored = raw[start:end]
        names = whole(stored)
        if not 0 < len(names) == count <= self._keep or ages or told != min(count, self._shown):
            raise CorruptState(f"{len(names)} names instead of {count}")
        latest = low | high << _HIGH
        met = [0] * count
        met[places[0]] = latest
        for place in places[1:]:
            met[place] = latest - int.from_bytes(raw[end : end + _SECONDS], "little")
            end += _SECONDS
        if min(met) < 0 or len(set(places)) < told:
            raise CorruptState("names that were never met")
        found = Tastes(newest, names, met, points)
        found.spelled = stored
        return found

    def read(self, raw: bytes, last: int, top: int) -> tuple[Value, ...]:
        """Return the last names if any are wanted, those liked most, and each one's share.

        Of packed tastes; only those names are put together.
        """
        if not raw:
            return ([], [], []) if last else ([], [])
        _, _, _, count, ages, told = _HEAD.unpack_from(raw)
        start = _HEAD.size + told
        weights = [0] * count
        shift = self._span
        while shift:
            shift -= 1
            if ages & 1:
                points, start = unpacked(raw, start, count)
                _weigh(weights, points, shift)
            ages >>= 1
        pieces = pieces_of(raw[start : len(raw) - _SECONDS * (told - 1)])
        if not 0 < len(pieces) == count <= self._keep or ages:
            raise CorruptState(f"{len(pieces)} names instead of {count}")
        best = greatest(weights, top)
        total = sum(weights) or 1  # 0 only of damaged bytes
        shares = [weights[place] / total for place in best]
        liked = [name_at(pieces, place) for place in best]
        if not last:
            return liked, shares
        newest = raw[_HEAD.size : _HEAD.size + min(last, told)]
        return [name_at(pieces, place) for place in newest], liked, shares


def greatest(numbers: list[int], most: int) -> list[int]:
    """Return the places of the greatest of at most 255 numbers, the first of equal ones first."""
    marked = [0] * len(numbers)
    for place in range(len(numbers)):
        marked[place] = numbers[place] << _PLACE | MOST_NAMES - place
    marked.sort(reverse=True)
    return [MOST_NAMES - (each & MOST_NAMES) for each in marked[:most]]


def _weigh(weights: list[int], points: list[int], shift: int) -> None:
    for place in range(len(points)):
        weights[place] += points[place] << shift


def _place(state: Tastes, name: str) -> int:
    """Return where a name is, which is taken up if it is not there."""
    names = state.names
    place = bisect_left(names, name)
    if place == len(names) or names[place] != name:
        names.insert(place, name)
        state.met.insert(place, 0)
        for points in state.points:
            points.insert(place, 0)
        state.spelled = b""
    return place


def _remove(state: Tastes, place: int) -> None:
    del state.names[place]
    del state.met[place]
    for points in state.points:
        del points[place]
    state.spelled = b""
