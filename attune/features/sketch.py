"""HyperLogLogs that slide; apart from `distinct`, so that they are compiled."""

import math
from collections.abc import Sequence
from typing import Any, Final

import mmh3
from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from attune.features.feature import CorruptState
from attune.features.naming import Noted
from attune.unsigned import put_u16, put_u32, set_u16, u16, u32

_HEAD: Final = 6  # bytes of the newest bucket, and of how many pairs there are
_HASH_BITS: Final = 32
_RANK: Final = 5  # bits of a rank
_RANKS: Final = 31


@mypyc_attr(acyclic=True)
class Ranks:
    """By register: pairs of bucket and rank, `bucket << 5 | rank`."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int) -> None:
        self.newest: int = newest
        self.held: dict[int, list[int]] = {}


class Sketching(Noted):
    """A window of `span` buckets of `step` ms, over `2**precision` registers."""

    def __init__(self, step: int, span: int, precision: int) -> None:
        self._step = step
        self._span = span
        self._precision = precision

    def note(self, state: Any, names: Sequence[str], at: int) -> Ranks:  # noqa: ANN401 - `Ranks`
        """Note names that were seen at a moment (ms since 1970)."""
        sketch: Ranks = state
        bucket = at // self._step
        if bucket > sketch.newest:
            self._advance(sketch, bucket)
        if bucket > sketch.newest - self._span:
            for name in names:
                number = self._number(name)
                _note(sketch.held, number >> _RANK, bucket << _RANK | number & _RANKS)
        return sketch

    def _number(self, name: str) -> int:
        """Return the register of a name, above its rank."""
        hashed: int = mmh3.hash(name, 0, False)
        left = _HASH_BITS - self._precision
        rest = hashed & ((1 << left) - 1)
        return hashed >> left << _RANK | left - rest.bit_length() + 1

    def merge(self, ours: Ranks, theirs: Ranks) -> Ranks:
        """Keep all pairs of both that none beats."""
        self._advance(ours, max(ours.newest, theirs.newest))
        oldest = ours.newest - self._span
        for register, pairs in theirs.held.items():
            for pair in pairs:
                if pair >> _RANK > oldest:
                    _note(ours.held, register, pair)
        return ours

    def _advance(self, state: Ranks, newest: int) -> None:
        state.newest = newest
        bound = (newest - self._span + 1) << _RANK
        for register, pairs in list(state.held.items()):
            if min(pairs) < bound:
                left = [pair for pair in pairs if pair >= bound]
                if left:
                    state.held[register] = left
                else:
                    del state.held[register]

    def estimate(self, state: Ranks, now: int) -> float:
        """Estimate from the highest rank of each register in the window at `now` (ms since 1970).

        Flajolet's estimate (HyperLogLog, 2007), by empty registers where it is small.
        """
        bound = (now // self._step - self._span + 1) << _RANK
        ranks: list[int] = []
        for pairs in state.held.values():
            held = [pair & _RANKS for pair in pairs if pair >= bound]
            if held:
                ranks.append(max(held))
        registers = 1 << self._precision
        empty = registers - len(ranks)
        alpha = 0.7213 / (1 + 1.079 / registers)
        total = empty + math.fsum([2.0**-rank for rank in ranks])
        raw = alpha * float(registers**2) / total
        if raw <= 2.5 * registers and empty:
            return registers * math.log(registers / empty)
        return raw

    def empty(self) -> Ranks:
        """Nothing seen."""
        return Ranks(0)

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Ranks`
        """Write 3 bytes a pair: its register and rank, and how many buckets before the newest."""
        sketch: Ranks = state
        if not sketch.held:
            return
        newest: i64 = sketch.newest
        put_u32(out, newest)
        start: i64 = len(out)
        put_u16(out, 0)
        ages = BytesWriter()
        for register in sorted(sketch.held):
            pairs = sketch.held[register]
            if len(pairs) > 1:
                pairs = sorted(pairs, key=_by_rank)
            for each in pairs:
                pair: i64 = each
                put_u16(out, register << _RANK | pair & _RANKS)
                ages.append(newest - (pair >> _RANK))
        set_u16(out, start, len(ages))
        out.write(ages.getvalue())

    def unpack(self, raw: bytes) -> Ranks:
        """Return the sketch in packed bytes.

        Raises:
            ValueError, LookupError: it is none.
        """
        newest: i64 = u32(raw, 0)
        count: i64 = u16(raw, _HEAD - 2)
        if len(raw) != _HEAD + 3 * count:
            raise CorruptState(f"{len(raw)} bytes of a sketch")
        state = Ranks(newest)
        held = state.held
        numbers: i64 = _HEAD
        for age in range(_HEAD + 2 * count, _HEAD + 3 * count):
            number = u16(raw, numbers)
            numbers += 2
            register = number >> _RANK
            if register >> self._precision:
                raise CorruptState("a register that is not there")
            pair = newest - raw[age] << _RANK | number & _RANKS
            known = held.get(register)
            if known is None:
                held[register] = [pair]
            else:
                known.append(pair)
        return state


def _by_rank(pair: int) -> tuple[int, int]:
    """Return the rank of a pair, and how long ago its bucket was."""
    return pair & _RANKS, -pair


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
