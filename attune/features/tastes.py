"""Names with points that fade: what `Affinity` folds, apart from it so that it can be compiled."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.columns import table_unpacked, unpacked, write_table
from attune.features.feature import SECOND, CorruptState, Value
from attune.features.naming import Naming
from attune.features.spelled import name_at, pieces_of, spelled, whole
from attune.features.steps import Step
from attune.unsigned import put_u16, put_u32, set_u16, u16, u32

_HEAD: Final = 11
"""Bytes of the newest bucket (the minutes until the year 10136); the second after the latest event,
from its beginning on; at 8 how many names there are; for each age a bit if there are any points.
Then the places of those names that are told by when they were met, the newest first."""
_SECONDS: Final = 4
"""Bytes of the seconds between the newest name and another; those stand at the end."""
MOST_SECONDS: Final = (1 << 32) - 1
MOST_NAMES: Final = 255
MOST_AGES: Final = 16
_TAKEN: Final = -1 << 62  # less than any points


@mypyc_attr(acyclic=True)
class Tastes:
    """Names in order, when each was met, and the points each has by age."""

    __slots__ = ("met", "names", "newest", "points", "spelled")

    def __init__(self, newest: int, names: list[str], met: list[int], points: list[int]) -> None:
        self.newest: int = newest
        """Number of the newest bucket, of one half-life each."""
        self.names: list[str] = names
        self.met: list[int] = met
        """The second after the latest event, 0 for all but the newest names."""
        self.points: list[int] = points
        """By age in buckets, name after name."""
        self.spelled: bytes = b""
        """The names as they are stored; nothing when one has come or gone."""


class Liking(Codec):
    """How names gain points, lose them with age, and are let go: see `Affinity`.

    Of the `last` newest names, one at least, it is kept when they were met, and they are never let
    go. `read` returns those, and the `top` best.
    """

    def __init__(self, half_life: int, span: int, keep: int, last: int, top: int) -> None:
        self._half_life = half_life
        self._span = span
        self._keep = keep
        self._shown = max(1, last)
        self._last = last
        self._top = top
        self._nothing = [0] * span

    def empty(self) -> Tastes:
        """Nothing met."""
        return Tastes(0, [], [], [])

    def add(self, state: Tastes, names: Sequence[str], at: int, points: int) -> None:
        """Give points to some names, at least one, at a moment (ms since 1970)."""
        bucket = at // self._half_life
        if bucket > state.newest:
            self._age(state, bucket)
        age = state.newest - bucket
        if age >= self._span:
            return
        after = at // SECOND + 1
        for name in names:
            place = self._place(state, name)
            state.points[place * self._span + age] += points
            state.met[place] = max(state.met[place], after)
            if len(state.names) > self._keep:
                self._let_go(state)

    def merge(self, ours: Tastes, theirs: Tastes) -> Tastes:
        """Add name by name."""
        newest = max(ours.newest, theirs.newest)
        self._age(ours, newest)
        self._age(theirs, newest)
        other, span = 0, self._span
        for name, met in zip(theirs.names, theirs.met, strict=True):
            place = self._place(ours, name)
            ours.met[place] = max(ours.met[place], met)
            for age in range(span):
                ours.points[place * span + age] += theirs.points[other + age]
            other += span
        self._let_go(ours)
        return ours

    def _age(self, state: Tastes, newest: int) -> None:
        """Move on; names without points any more are forgotten."""
        span = self._span
        gone = min(newest - state.newest, span)
        state.newest = newest
        if not gone:
            return
        for place in range(len(state.names) - 1, -1, -1):
            first = place * span
            row = [0] * gone + state.points[first : first + span - gone]
            state.points[first : first + span] = row
            if not any(row):
                self._remove(state, place)

    def _let_go(self, state: Tastes) -> None:
        """Forget the least liked beyond `keep`; never one of the newest, which others show."""
        while len(state.names) > self._keep:
            newest = set(greatest(state.met, self._shown))
            weights = [0] * len(state.names)
            for age in range(self._span):
                _weigh(weights, state.points[age :: self._span], self._span - 1 - age)
            others = [place for place in range(len(weights)) if place not in newest]
            self._remove(state, min(others, key=weights.__getitem__))

    def _place(self, state: Tastes, name: str) -> int:
        """Return where a name is, which is taken up if it is not there."""
        names = state.names
        place = bisect_left(names, name)
        if place == len(names) or names[place] != name:
            names.insert(place, name)
            state.met.insert(place, 0)
            first = place * self._span
            state.points[first:first] = self._nothing
            state.spelled = b""
        return place

    def _remove(self, state: Tastes, place: int) -> None:
        first = place * self._span
        del state.names[place]
        del state.met[place]
        del state.points[first : first + self._span]
        state.spelled = b""

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Tastes`
        """Write when names were met, their points by age, and the names themselves.

        When it was met is kept of the newest names alone. Others can only come to be among those by
        a newer event; or when those are forgotten, and then they are forgotten as well.
        """
        tastes: Tastes = state
        met = tastes.met
        count = len(met)
        if not count:
            return
        newest = greatest(met, min(count, self._shown))
        latest = met[newest[0]]
        begun = tastes.newest * self._half_life // SECOND
        put_u32(out, tastes.newest)
        put_u32(out, min(max(0, latest - begun), MOST_SECONDS))  # more only of damaged ones
        out.append(count)
        ages: i64 = len(out)
        put_u16(out, 0)
        for place in newest:
            out.append(place)
        set_u16(out, ages, write_table(out, tastes.points, self._span))
        if not tastes.spelled:
            tastes.spelled = spelled(tastes.names)
        out.write(tastes.spelled)
        for place in newest[1:]:
            put_u32(out, min(latest - met[place], MOST_SECONDS))
        if count > self._shown:
            tastes.met = kept = [0] * count
            for place in newest:
                kept[place] = met[place]

    def unpack(self, raw: bytes) -> Tastes:
        """Return the tastes in packed bytes."""
        newest, count = u32(raw, 0), raw[8]
        told = min(count, self._shown)
        start = _HEAD + told
        points, start = table_unpacked(raw, start, count, self._span, u16(raw, _HEAD - 2))
        end = len(raw) - _SECONDS * (told - 1)
        stored = _between(raw, start, end)
        names = whole(stored)
        if not 0 < len(names) == count <= self._keep:
            raise CorruptState(f"{len(names)} names instead of {count}")
        latest = newest * self._half_life // SECOND + u32(raw, 4)
        met = [0] * count
        for at in range(told):
            place = raw[_HEAD + at]
            when = latest - u32(raw, end + _SECONDS * (at - 1)) if at else latest
            if when <= 0 or met[place]:
                raise CorruptState("names that were never met, or twice")
            met[place] = when
        found = Tastes(newest, names, met, points)
        found.spelled = stored
        return found

    def read(self, raw: bytes, now: int) -> tuple[Value, ...]:  # noqa: ARG002 - all age alike
        """Return the last names if any are wanted, those liked most, and each one's share.

        Of packed tastes; only those names are put together.
        """
        last, top = self._last, self._top
        if not raw:
            return ([], [], []) if last else ([], [])
        count, ages = raw[8], u16(raw, _HEAD - 2)
        told = min(count, self._shown)
        start = _HEAD + told
        weights = [0] * count
        shift = self._span
        while shift:
            shift -= 1
            if ages & 1:
                points, start = unpacked(raw, start, count)
                _weigh(weights, points, shift)
            ages >>= 1
        pieces = pieces_of(_between(raw, start, len(raw) - _SECONDS * (told - 1)))
        if not 0 < len(pieces) == count <= self._keep or ages:
            raise CorruptState(f"{len(pieces)} names instead of {count}")
        best = greatest(weights, top)
        total = sum(weights) or 1  # 0 only of damaged bytes
        shares = [weights[place] / total for place in best]
        liked = [name_at(pieces, place) for place in best]
        if not last:
            return liked, shares
        newest = raw[_HEAD : _HEAD + min(last, told)]
        return [name_at(pieces, place) for place in newest], liked, shares


@mypyc_attr(acyclic=True)
class Giving(Step):
    """Gives points to the names of an event."""

    def __init__(self, liking: Liking, names_of: Naming, points: int) -> None:
        self._liking = liking
        self._names_of = names_of
        self._points = points

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401 - as `Step`
        """Give them; without a name an event says nothing of what they like."""
        names = self._names_of(event)
        if names:
            self._liking.add(state, names, at, self._points)
        return state


def greatest(numbers: list[int], most: int) -> list[int]:
    """Return the places of the greatest numbers, the first of equal ones first."""
    left = list(numbers)
    places: list[int] = []
    for _ in range(min(most, len(left))):
        best = 0
        for place in range(1, len(left)):
            if left[place] > left[best]:
                best = place
        places.append(best)
        left[best] = _TAKEN
    return places


def _between(raw: bytes, start: int, end: int) -> bytes:
    if end < start:  # a slice that ends before it begins is nothing, but a SystemError compiled
        raise CorruptState(f"{len(raw)} bytes of names")
    return raw[start:end]


def _weigh(weights: list[int], points: list[int], shift: int) -> None:
    for place in range(len(points)):
        weights[place] += points[place] << shift
