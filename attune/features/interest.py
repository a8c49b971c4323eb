"""What somebody has lately looked at, and what they look at most."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import mul

import msgspec

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import (
    DAY,
    MINUTE,
    SECOND,
    Act,
    CorruptState,
    Feature,
    Field,
    Update,
    Value,
    act_of,
)
from attune.features.liked import greatest_first, liked, newest_first
from attune.features.names import CATEGORY, Names

_SHOPPING: frozenset[Act] = frozenset({"viewed", "added", "purchased"})


@dataclass(frozen=True)
class Latest(Feature[dict[str, int]]):
    """The last `keep` different names, newest first: `last_{many}`.

    Times are in seconds, ties go by name. A name pushed out by `keep` newer ones can only come back
    by a newer event, so the order of arrival does not matter.
    """

    names: Names = CATEGORY
    keep: int = 5
    acts: frozenset[Act] = _SHOPPING

    @property
    def fields(self) -> tuple[Field, ...]:
        """One list."""
        many = self.names.many
        return (Field(f"last_{many}", "string_list", f"Last {self.keep} {many}, newest first"),)

    def empty(self) -> dict[str, int]:
        """Nothing seen; the state maps a name to the second of its latest event."""
        return {}

    def update(self, state: dict[str, int], event: Event, at: int) -> dict[str, int]:
        """Put the names of the event in front."""
        at //= SECOND
        for name in self.names.of(event):
            if at > state.get(name, -1):
                state[name] = at
        return self._newest(state) if len(state) > self.keep else state

    def merge(self, ours: dict[str, int], theirs: dict[str, int]) -> dict[str, int]:
        """Keep the newest of both."""
        for name, at in theirs.items():
            ours[name] = max(at, ours.get(name, at))
        return self._newest(ours)

    def _newest(self, state: dict[str, int]) -> dict[str, int]:
        return {name: state[name] for name in greatest_first(state)[: self.keep]}

    def read(self, state: dict[str, int], now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """Newest first."""
        return (greatest_first(state),)

    def unpack(self, raw: bytes) -> dict[str, int]:
        """As MessagePack."""
        return _TIMES.decode(raw)


class Tastes:
    """Names with the second of their latest event and their points by age, newest first."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int = 0, held: dict[str, list[int]] | None = None) -> None:
        self.newest = newest
        """Number of the newest bucket, of one half-life each."""
        self.held: dict[str, list[int]] = {} if held is None else held
        """Name -> second of the latest event, then points in the newest buckets.

        Buckets without points at the end are left out.
        """


@dataclass(frozen=True)
class Affinity(Feature[Tastes]):
    """What somebody likes most: names by points that halve with time.

    `share = sum(points * 0.5 ** age) / the same of all names`, where the age is counted in whole
    buckets of `half_life` (ms, from 1970 on), and what lies `span` buckets or more before the
    newest is forgotten. Points: 1 a product viewed, 3 added, 5 purchased, whatever the quantity.

    Exact while at most `keep` names were seen within the span. Beyond that the name with the
    fewest points is let go, but none of the `last` newest: those stay exact, the shares are about.
    Times of the last names are in seconds, ties go by name.

    Raises:
        ConfigurationError: parameters that contradict each other.
    """

    names: Names = CATEGORY
    top: int = 3
    last: int = 5
    keep: int = 8
    half_life: int = 7 * DAY
    span: int = 4
    points: Mapping[Act, int] = field(
        default_factory=lambda: {"viewed": 1, "added": 3, "purchased": 5}
    )
    acts: frozenset[Act] = _SHOPPING
    _worth: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """What each number of a name's row weighs: its time nothing, the oldest points 1 each."""

    def __post_init__(self) -> None:
        """Check that letting go always finds a name, and that points only add up."""
        if not max(1, self.last) <= self.keep:
            raise ConfigurationError(f"keep is {self.keep}: choose at least as many as last")
        if self.span < 1 or self.half_life < MINUTE:
            raise ConfigurationError(
                f"span is {self.span} and half_life {self.half_life} ms: choose at least 1, "
                "and a minute"
            )
        if any(points < 1 for points in self.points.values()):
            raise ConfigurationError("points of an act are at least 1: leave it out of acts")
        worth = (0, *(1 << age for age in reversed(range(self.span))))
        object.__setattr__(self, "_worth", worth)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Names and their shares, in the same order; and the newest ones, if any are wanted."""
        one, many = self.names.one, self.names.many
        told = (
            Field(
                f"top_{many}", "string_list", f"The {self.top} {many} they like most, best first"
            ),
            Field(
                f"{one}_shares",
                "float64_list",
                f"Share of all interest that each of the top {many} has",
                "0 to 1",
            ),
        )
        if not self.last:
            return told
        last = Field(f"last_{many}", "string_list", f"Last {self.last} {many}, newest first")
        return (last, *told)

    def empty(self) -> Tastes:
        """Nothing seen."""
        return Tastes()

    def update(self, state: Tastes, event: Event, at: int) -> Tastes:
        """Give the names of the event its points."""
        return self._take(state, event, at, self.points.get(act_of(event), 1))

    def updater(self, act: Act) -> Update:
        """Return `update` with the points looked up."""
        return _with_points(self._take, self.points.get(act, 1))

    def _take(self, state: Tastes, event: Event, at: int, points: int) -> Tastes:
        names = self.names.of(event)
        if not names:  # it says nothing of what they like, and must not make that older
            return state
        bucket = at // self.half_life
        if bucket > state.newest:
            self._age(state, bucket)
        age = state.newest - bucket
        if age < self.span:
            held, second = state.held, at // SECOND
            for name in names:
                known = held.get(name)
                if known is None:
                    held[name] = [second, *[0] * age, points]
                    if len(held) > self.keep:
                        self._let_go(state)
                else:
                    known[0] = max(known[0], second)
                    if len(known) < age + 2:
                        known += [0] * (age + 2 - len(known))
                    known[1 + age] += points
        return state

    def merge(self, ours: Tastes, theirs: Tastes) -> Tastes:
        """Add name by name."""
        newest = max(ours.newest, theirs.newest)
        self._age(ours, newest)
        self._age(theirs, newest)
        for name, (last, *points) in theirs.held.items():
            known = ours.held.get(name)
            if known is None:
                ours.held[name] = [last, *points]
            else:
                sums = map(sum, zip_longest(known[1:], points, fillvalue=0))
                ours.held[name] = [max(known[0], last), *sums]
        self._let_go(ours)
        return ours

    def _age(self, state: Tastes, newest: int) -> None:
        gone = newest - state.newest
        state.newest = newest
        if gone and state.held:
            fresh = [0] * min(gone, self.span)
            aged = {
                name: [last, *(*fresh, *points)[: self.span]]
                for name, (last, *points) in state.held.items()
            }
            state.held = {name: _short(row) for name, row in aged.items() if any(row[1:])}

    def _let_go(self, state: Tastes) -> None:
        """Forget the least liked beyond `keep`; never one of the newest, which others show."""
        held = state.held
        while len(held) > self.keep:
            newest = newest_first(held)[: self.last or 1]
            _, gone = min((self._weight(held[name]), name) for name in held if name not in newest)
            del held[gone]

    def _weight(self, points: list[int]) -> int:
        """Return the points as they have decayed, times `2 ** (span - 1)`: an integer."""
        return sum(map(mul, points, self._worth))

    def read(self, state: Tastes, now: int) -> tuple[Value, ...]:  # noqa: ARG002 - all age alike
        """Shares do not change with time: the points of all names halve together."""
        top, shares = liked(state.held, self._worth, self.top)
        if not self.last:
            return top, shares
        return newest_first(state.held)[: self.last], top, shares

    def pack(self, state: Tastes) -> bytes:
        """The newest bucket, and the names as MessagePack."""
        if not state.held:
            return b""
        return _BUCKET.pack(state.newest) + _ENCODER.encode(state.held)

    def unpack(self, raw: bytes) -> Tastes:
        """As packed."""
        (newest,) = _BUCKET.unpack_from(raw)
        held = _POINTS.decode(raw[_BUCKET.size :])
        if not all(2 <= len(row) <= 1 + self.span for row in held.values()):  # noqa: PLR2004 - time, points
            raise CorruptState("a name without points, or with too many")
        return Tastes(newest, held)


def _with_points(take: Callable[[Tastes, Event, int, int], Tastes], points: int) -> Update:
    return lambda state, event, at: take(state, event, at, points)


def _short(row: list[int]) -> list[int]:
    while not row[-1]:
        row.pop()
    return row


_BUCKET = struct.Struct("<I")
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_TIMES = msgspec.msgpack.Decoder(dict[str, int])
_POINTS = msgspec.msgpack.Decoder(dict[str, list[int]])
