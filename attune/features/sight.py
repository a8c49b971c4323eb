"""When numbers of names were last seen, within a window; apart from `distinct`: it is compiled."""

from collections.abc import Sequence
from typing import Any, Final

import mmh3
from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from attune.features.feature import CorruptState, Value
from attune.features.naming import Noted
from attune.unsigned import put_u16, put_u32, set_u16, u16, u32

_HEAD_SIZE: Final = 6
"""Bytes of the newest bucket, and of how many ages there are."""
_FULL: Final = 255
_HASH_BITS: Final = 32
_HASH: Final = (1 << _HASH_BITS) - 1


@mypyc_attr(acyclic=True)
class Last:
    """What was seen, as numbers, each with the latest bucket (of the window's step) it was in."""

    __slots__ = ("held", "newest")

    def __init__(self, newest: int, held: dict[int, int]) -> None:
        self.newest: int = newest
        self.held: dict[int, int] = held


class Sight(Noted):
    """A window of `span` buckets of `step` ms, over the `most` names that were seen last."""

    def __init__(self, step: int, span: int, most: int) -> None:
        self._step = step
        self._span = span
        self._most = most

    def note(self, state: Any, names: Sequence[str], at: int) -> Last:  # noqa: ANN401 - `Last`
        """Note names that were seen at a moment (ms since 1970)."""
        last: Last = state
        bucket = at // self._step
        if bucket > last.newest:
            self._advance(last, bucket)
        if bucket <= last.newest - self._span:
            return last
        held = last.held
        for name in names:
            number: int = mmh3.hash(name, 0, False)
            if held.get(number, -1) < bucket:
                held[number] = bucket
        if len(held) > self._most:
            self._bound(last)
        return last

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

    def empty(self) -> Last:
        """Nothing seen."""
        return Last(0, {})

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Last`
        """Write how many there are of each age, two bytes an age, then the names by age.

        Those are four bytes each.
        """
        last: Last = state
        newest = last.newest
        keys = [newest - bucket << _HASH_BITS | number for number, bucket in last.held.items()]
        if not keys:
            return
        keys.sort()
        put_u32(out, newest)
        sizes: i64 = len(out)
        put_u16(out, 0)
        size: i64 = 0
        before: i64 = -1
        count: i64 = 0
        for key in keys:
            age: i64 = key >> _HASH_BITS
            if age != before or count == _FULL:
                if count:
                    out.append(count)
                out.append(age)
                size += 1
                before = age
                count = 0
            count += 1
        out.append(count)
        set_u16(out, sizes, size)
        for key in keys:
            put_u32(out, key & _HASH)

    def read(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """Count those whose latest bucket the window covers at `now` (ms since 1970).

        Of packed bytes: how many there are of each age stands in front.
        """
        if not raw:
            return (0,)
        past = u32(raw, 0) - now // self._step + self._span  # ages from here on are too old
        start, counted, held = _HEAD_SIZE, 0, 0
        for _ in range(u16(raw, _HEAD_SIZE - 2)):
            age, count = raw[start], raw[start + 1]
            start += 2
            held += count
            if age < past:
                counted += count
        if len(raw) != start + 4 * held:
            raise CorruptState(f"{len(raw)} bytes of names")
        return (counted,)

    def unpack(self, raw: bytes) -> Last:
        """Return what was seen, of packed bytes.

        Raises:
            ValueError, LookupError: they are none.
        """
        newest: i64 = u32(raw, 0)
        sizes: i64 = _HEAD_SIZE
        start: i64 = _HEAD_SIZE + 2 * u16(raw, _HEAD_SIZE - 2)
        at = start
        last = Last(newest, {})
        held = last.held
        while sizes < start:
            bucket = newest - raw[sizes]
            end: i64 = at + 4 * raw[sizes + 1]
            while at < end:
                held[u32(raw, at)] = bucket
                at += 4
            sizes += 2
        if len(raw) != at:
            raise CorruptState(f"{len(raw)} bytes of names")
        return last
