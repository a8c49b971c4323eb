"""When numbers of names were last seen, within a window; apart from `distinct`: it is compiled."""

import struct
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import mmh3
from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.feature import CorruptState, Update, Value
from attune.features.naming import Naming

_HEAD: Final = struct.Struct("<IH")  # newest bucket, ages
_FULL: Final = 255


@mypyc_attr(acyclic=True)
class Last:
    """What was seen, as numbers, each with the latest bucket (of the window's step) it was in."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int, held: dict[int, int]) -> None:
        self.newest: int = newest
        self.held: dict[int, int] = held


class Sight:
    """A window of `span` buckets of `step` ms, over the `most` names that were seen last."""

    def __init__(self, step: int, span: int, most: int) -> None:
        self._step = step
        self._span = span
        self._most = most

    def noting(self, names_of: Naming) -> Update:
        """Return what notes the names of an event, at its time (ms since 1970)."""

        def note(state: Last, event: Event, at: int) -> Last:
            names = names_of(event)
            if names:
                self.note(state, names, at)
            return state

        return note

    def note(self, state: Last, names: Sequence[str], at: int) -> None:
        """Note names that were seen at a moment (ms since 1970)."""
        bucket = at // self._step
        if bucket > state.newest:
            self._advance(state, bucket)
        if bucket <= state.newest - self._span:
            return
        held = state.held
        for name in names:
            number: int = mmh3.hash(name, 0, False)
            if held.get(number, -1) < bucket:
                held[number] = bucket
        if len(held) > self._most:
            self._bound(state)

    def merge(self, ours: Last, theirs: Last) -> Last:
        """Take over the latest of each."""
        self._advance(ours, max(ours.newest, theirs.newest))
        oldest = ours.newest - self._span
        for number, bucket in theirs.held.items():
            if bucket > oldest:
                ours.held[number] = max(bucket, ours.held.get(number, bucket))
        self._bound(ours)
        return ours

    def _advance(self, state: Last, newest: int) -> None:
        state.newest = newest
        oldest = newest - self._span
        if state.held and min(state.held.values()) <= oldest:
            state.held = {n: bucket for n, bucket in state.held.items() if bucket > oldest}

    def _bound(self, state: Last) -> None:
        if len(state.held) > self._most:
            newest = sorted([(-bucket, number) for number, bucket in state.held.items()])
            state.held = {number: -ago for ago, number in newest[: self._most]}

    def read(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """Count those whose latest bucket the window covers at `now` (ms since 1970).

        Of packed bytes: how many there are of each age stands in front.
        """
        if not raw:
            return (0,)
        newest, size = _HEAD.unpack_from(raw)
        past = newest - now // self._step + self._span  # ages from here on are too old
        start, counted, held = _HEAD.size, 0, 0
        for _ in range(size):
            age, count = raw[start], raw[start + 1]
            start += 2
            held += count
            if age < past:
                counted += count
        if len(raw) != start + 4 * held:
            raise CorruptState(f"{len(raw)} bytes of names")
        return (counted,)


def pack(state: Last) -> bytes:
    """How many there are of each age, two bytes an age, then the names by age, 4 bytes each."""
    held, newest = state.held, state.newest
    if not held:
        return b""
    if len(held) == 1:
        (number, bucket), *_ = held.items()
        return _ONE.pack(newest, 1, newest - bucket, 1, number)
    by_age: dict[int, list[int]] = {}
    for number, bucket in held.items():
        age = newest - bucket
        numbers = by_age.get(age)
        if numbers is None:
            by_age[age] = [number]
        else:
            numbers.append(number)
    counted: list[int] = []
    ordered: list[int] = []
    for age in sorted(by_age):
        numbers = by_age[age]
        numbers.sort()
        ordered += numbers
        left = len(numbers)
        while left:
            count = min(left, _FULL)
            counted.append(age)
            counted.append(count)
            left -= count
    packed: bytes = _layout(len(counted), len(ordered)).pack(
        newest, len(counted) >> 1, bytes(counted), *ordered
    )
    return packed


def unpack(raw: bytes) -> Last:
    """Return what was seen, of packed bytes.

    Raises:
        ValueError, LookupError, struct.error: they are none.
    """
    newest, size = _HEAD.unpack_from(raw)
    start = _HEAD.size
    ages: list[int] = []
    for _ in range(size):
        ages += [raw[start]] * raw[start + 1]
        start += 2
    if len(raw) != start + 4 * len(ages):
        raise CorruptState(f"{len(raw)} bytes of names")
    numbers = array("I", raw[start:])
    return Last(newest, {n: newest - age for n, age in zip(numbers, ages, strict=True)})


@lru_cache(maxsize=1 << 12)
def _layout(counted: int, numbers: int) -> struct.Struct:
    return struct.Struct(f"{_HEAD.format}{counted}s{numbers}I")


_ONE: Final = struct.Struct("<IHBBI")
"""Head, age and number where there is one name."""
