"""How many different things there were, in windows that end now."""

import math
import struct
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import mmh3

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import HOUR, MINUTE, Act, CorruptState, Feature, Field, Value
from attune.features.names import ITEM, Names
from attune.features.ticks import Window

_HEAD = struct.Struct("<IH")  # newest bucket, entries
_HASH_BITS: Final = 32
_HASH_MASK: Final = (1 << _HASH_BITS) - 1
_RANK: Final = 5  # bits of a rank
_RANKS: Final = 31
_AGE: Final = 16  # bits of an age
_AGES: Final = 0xFFFF
_MOST_BUCKETS: Final = 256
_MOST_NAMES: Final = 800  # of 5 bytes: 4 kB

DAY_BY_HOURS = Window("24h", HOUR, 24)


class Last:
    """What was seen, as numbers, each with the latest bucket (of the window's step) it was in."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int = 0, held: dict[int, int] | None = None) -> None:
        self.newest = newest
        self.held: dict[int, int] = {} if held is None else held


@dataclass(frozen=True)
class Distinct(Feature[Last]):
    """Different names in a window, exact up to `most`: then it stays there.

    Kept are the `most` names that were seen last, each with its latest bucket: a name is in the
    window if that one is. Names are 32-bit hashes (murmur3). Two that share one count as one: among
    100 names that happens with a probability of 1.2 in a million, among 200 with 4.6.

    Raises:
        ConfigurationError: the window or `most` is more than a state can hold.
    """

    names: Names = ITEM
    window: Window = DAY_BY_HOURS
    most: int = 200
    acts: frozenset[Act] = frozenset({"viewed"})

    def __post_init__(self) -> None:
        """Check what the layout bounds."""
        _check(self.window)
        if not 1 <= self.most <= _MOST_NAMES:
            raise ConfigurationError(f"most is {self.most}: choose from 1 to {_MOST_NAMES}")

    @property
    def fields(self) -> tuple[Field, ...]:
        """One count."""
        window, many = self.window.name, self.names.many
        told = f"Different {many} in the last {window}, at most {self.most}"
        return (Field(f"{many}_{window}", "int64", told, many),)

    def empty(self) -> Last:
        """Nothing seen."""
        return Last()

    def update(self, state: Last, event: Event, at: int) -> Last:
        """Note the names of the event."""
        names = self.names.of(event)
        if not names:
            return state
        bucket = at // self.window.step
        if bucket > state.newest:
            self._advance(state, bucket)
        if bucket > state.newest - self.window.span:
            held = state.held
            for name in names:
                number = mmh3.hash(name, signed=False)
                if held.get(number, -1) < bucket:
                    held[number] = bucket
            self._bound(state)
        return state

    def merge(self, ours: Last, theirs: Last) -> Last:
        """The latest of each."""
        self._advance(ours, max(ours.newest, theirs.newest))
        oldest = ours.newest - self.window.span
        for number, bucket in theirs.held.items():
            if bucket > oldest:
                ours.held[number] = max(bucket, ours.held.get(number, bucket))
        self._bound(ours)
        return ours

    def _advance(self, state: Last, newest: int) -> None:
        state.newest = newest
        oldest = newest - self.window.span
        if state.held and min(state.held.values()) <= oldest:
            state.held = {n: bucket for n, bucket in state.held.items() if bucket > oldest}

    def _bound(self, state: Last) -> None:
        if len(state.held) > self.most:
            newest = sorted((-bucket, number) for number, bucket in state.held.items())
            state.held = {number: -ago for ago, number in newest[: self.most]}

    def read(self, state: Last, now: int) -> tuple[Value, ...]:
        """Count those whose latest bucket the window covers."""
        oldest = now // self.window.step - self.window.span
        return (sum(bucket > oldest for bucket in state.held.values()),)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`: how many there are of each age stands in front."""
        if not raw:
            return (0,)
        newest, size = _HEAD.unpack_from(raw)
        counted = raw[_HEAD.size : _HEAD.size + 2 * size]
        if len(raw) != _HEAD.size + 2 * size + 4 * sum(counted[1::2]):
            raise CorruptState(f"{len(raw)} bytes of names")
        past = newest - now // self.window.step + self.window.span  # ages from here on are too old
        pairs = zip(counted[::2], counted[1::2], strict=True)
        return (sum([count for age, count in pairs if age < past]),)

    def pack(self, state: Last) -> bytes:
        """How many there are of each age, two bytes an age, then the names by age, 4 bytes each."""
        held, newest = state.held, state.newest
        if not held:
            return b""
        aged = sorted([newest - bucket << _HASH_BITS | number for number, bucket in held.items()])
        ages = bytes([each >> _HASH_BITS for each in aged])
        counted = b"".join([_counted(age, ages.count(age)) for age in sorted(set(ages))])
        numbers = array("I", [each & _HASH_MASK for each in aged])
        return _HEAD.pack(newest, len(counted) // 2) + counted + numbers.tobytes()

    def unpack(self, raw: bytes) -> Last:
        """As packed."""
        newest, size = _HEAD.unpack_from(raw)
        start = _HEAD.size + 2 * size
        counted = raw[_HEAD.size : start]
        ages = [
            age
            for age, count in zip(counted[::2], counted[1::2], strict=True)
            for _ in range(count)
        ]
        if len(raw) != start + 4 * len(ages):
            raise CorruptState(f"{len(raw)} bytes of names")
        numbers = array("I", raw[start:])
        return Last(newest, {n: newest - age for n, age in zip(numbers, ages, strict=True)})


def _counted(age: int, count: int) -> bytes:
    """Return pairs of an age and how many there are of it, which is at most what a byte holds."""
    full, rest = divmod(count, _MOST_BUCKETS - 1)
    return bytes((age, _MOST_BUCKETS - 1)) * full + (bytes((age, rest)) if rest else b"")


class Ranks:
    """By register: pairs of bucket and rank, `bucket << 5 | rank`."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int = 0, held: dict[int, list[int]] | None = None) -> None:
        self.newest = newest
        self.held: dict[int, list[int]] = {} if held is None else held


@dataclass(frozen=True)
class DistinctSketch(Feature[Ranks]):
    """Different names in a window, about: a HyperLogLog that slides.

    Kept are, for each of `2**precision` registers, the pairs of rank and bucket that no other pair
    beats in both: those are all that any later window can ask for (Chabchoub, Hebrail: Sliding
    HyperLogLog, 2010). So it is a function of what was seen, in any order. The standard error is
    `1.04 / sqrt(2**precision)`: 6.5 percent with 8; small counts go by the empty registers
    (Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007). A full state has some 9 bytes a
    register: 2.4 kB with 8, 9.4 kB with 10. Hashes have 32 bits (murmur3): enough up to some
    hundred million names.

    Raises:
        ConfigurationError: the window is more than a state can hold, or the precision of no use.
    """

    largest = 10_000

    names: Names = ITEM
    window: Window = DAY_BY_HOURS
    precision: int = 8
    acts: frozenset[Act] = frozenset({"viewed"})

    def __post_init__(self) -> None:
        """Check the precision and the window."""
        _check(self.window)
        if not 4 <= self.precision <= 10:  # noqa: PLR2004 - else it is useless, or large
            raise ConfigurationError(f"precision is {self.precision}: choose from 4 to 10")

    @property
    def fields(self) -> tuple[Field, ...]:
        """One estimate."""
        window, many = self.window.name, self.names.many
        error = 104 / math.sqrt(1 << self.precision)
        told = f"Different {many} in the last {window}, about (standard error {error:.0f}%)"
        return (Field(f"{many}_{window}", "float64", told, many),)

    def empty(self) -> Ranks:
        """Nothing seen."""
        return Ranks()

    def update(self, state: Ranks, event: Event, at: int) -> Ranks:
        """Note the names of the event."""
        names = self.names.of(event)
        if not names:
            return state
        bucket = at // self.window.step
        if bucket > state.newest:
            self._advance(state, bucket)
        if bucket > state.newest - self.window.span:
            for name in names:
                number = _number(name, self.precision)
                _note(state.held, number >> _RANK, bucket << _RANK | number & _RANKS)
        return state

    def merge(self, ours: Ranks, theirs: Ranks) -> Ranks:
        """All pairs of both that none beats."""
        self._advance(ours, max(ours.newest, theirs.newest))
        oldest = ours.newest - self.window.span
        for register, pairs in theirs.held.items():
            for pair in pairs:
                if pair >> _RANK > oldest:
                    _note(ours.held, register, pair)
        return ours

    def _advance(self, state: Ranks, newest: int) -> None:
        state.newest = newest
        bound = (newest - self.window.span + 1) << _RANK
        for register, pairs in list(state.held.items()):
            if min(pairs) < bound:
                left = [pair for pair in pairs if pair >= bound]
                if left:
                    state.held[register] = left
                else:
                    del state.held[register]

    def read(self, state: Ranks, now: int) -> tuple[Value, ...]:
        """Estimate from the highest rank of each register in the window."""
        bound = (now // self.window.step - self.window.span + 1) << _RANK
        ranks: dict[int, int] = {}
        for register, pairs in state.held.items():
            held = [pair & _RANKS for pair in pairs if pair >= bound]
            if held:
                ranks[register] = max(held)
        return (self._estimate(ranks),)

    def _estimate(self, ranks: Mapping[int, int]) -> float:
        """Return Flajolet's estimate (HyperLogLog, 2007), by empty registers where it is small."""
        registers = 1 << self.precision
        empty = registers - len(ranks)
        alpha = 0.7213 / (1 + 1.079 / registers)
        total = empty + math.fsum(2.0**-rank for rank in ranks.values())
        raw = alpha * registers**2 / total
        if raw <= 2.5 * registers and empty:
            return registers * math.log(registers / empty)
        return raw

    def pack(self, state: Ranks) -> bytes:
        """3 bytes a pair: its register and rank, and how many buckets before the newest."""
        if not state.held:
            return b""
        newest = state.newest
        found = [
            (register << _RANK | pair & _RANKS) << _AGE | newest - (pair >> _RANK)
            for register, pairs in state.held.items()
            for pair in pairs
        ]
        found.sort()
        numbers = array("H", [each >> _AGE for each in found])
        ages = bytes([each & _AGES for each in found])
        return _HEAD.pack(newest, len(found)) + numbers.tobytes() + ages

    def unpack(self, raw: bytes) -> Ranks:
        """As packed."""
        newest, count = _HEAD.unpack_from(raw)
        if len(raw) != _HEAD.size + 3 * count:
            raise CorruptState(f"{len(raw)} bytes of a sketch")
        numbers = array("H", raw[_HEAD.size : _HEAD.size + 2 * count])
        if max(numbers, default=0) >> _RANK >= 1 << self.precision:
            raise CorruptState("a register that is not there")
        state = Ranks(newest)
        for number, age in zip(numbers, raw[_HEAD.size + 2 * count :], strict=True):
            pair = (newest - age) << _RANK | number & _RANKS
            state.held.setdefault(number >> _RANK, []).append(pair)
        return state


def _number(name: str, precision: int) -> int:
    hashed = mmh3.hash(name, signed=False)
    left = _HASH_BITS - precision
    rest = hashed & ((1 << left) - 1)
    return hashed >> left << _RANK | left - rest.bit_length() + 1


def _note(held: dict[int, list[int]], register: int, new: int) -> None:
    """Add a pair, and drop what it beats; unless one that is there beats it."""
    pairs = held.get(register)
    if pairs is None:
        held[register] = [new]
        return
    bucket, rank = new >> _RANK, new & _RANKS
    for pair in pairs:
        if pair >> _RANK >= bucket and pair & _RANKS >= rank:
            return
    held[register] = [p for p in pairs if p >> _RANK > bucket or p & _RANKS > rank]
    held[register].append(new)


def _check(window: Window) -> None:
    """Refuse a window of which a state could not hold the ages, or the year 9999."""
    if window.span > _MOST_BUCKETS or window.step < MINUTE:
        raise ConfigurationError(
            f"window {window.name} has {window.span} buckets of {window.step} ms: choose at most "
            f"{_MOST_BUCKETS}, of a minute or longer"
        )
