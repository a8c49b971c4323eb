"""Counts in time buckets: the state behind every window."""

import struct
from collections.abc import Iterable
from functools import cache

_HEAD = struct.Struct("<BIB")  # buckets held, newest bucket, index of the width in _WIDTHS
_WIDTHS = "BHIQ"
_LIMITS = (2**8, 2**16, 2**32, 2**64)


class Buckets:
    """Non-negative integers by time bucket, of the `keep` newest buckets before the latest event.

    A bucket is `ms // step`. What falls out at one event would fall out at any later one, so the
    content does not depend on the order of events; and sums of integers do not either.
    """

    __slots__ = ("counts", "newest")

    def __init__(self, newest: int = 0, counts: dict[int, int] | None = None) -> None:
        self.newest = newest
        self.counts: dict[int, int] = {} if counts is None else counts

    def add(self, bucket: int, amount: int, keep: int) -> None:
        """Count `amount` in a bucket, unless it is older than the `keep` newest."""
        if bucket > self.newest:
            self.newest = bucket
            self._prune(keep)
        elif bucket <= self.newest - keep:
            return
        self.counts[bucket] = self.counts.get(bucket, 0) + amount

    def merge(self, other: "Buckets", keep: int) -> None:
        """Take in another's counts."""
        for bucket, amount in other.counts.items():
            self.add(bucket, amount, keep)

    def within(self, current: int, span: int) -> Iterable[tuple[int, int]]:
        """Return (age in buckets, amount) of the `span` buckets that end with `current`."""
        oldest = current - span
        return [(current - b, n) for b, n in self.counts.items() if oldest < b <= current]

    def _prune(self, keep: int) -> None:
        oldest = self.newest - keep
        if any(bucket <= oldest for bucket in self.counts):
            self.counts = {b: n for b, n in self.counts.items() if b > oldest}

    def pack(self) -> bytes:
        """Return one byte if empty, else a head, ages (one byte each) and amounts, oldest first."""
        if not self.counts:
            return b"\0"
        held = sorted(self.counts)
        largest = max(self.counts.values())
        width = next(i for i, limit in enumerate(_LIMITS) if largest < limit)
        head = _HEAD.pack(len(held), self.newest, width)
        ages = bytes(self.newest - bucket for bucket in held)
        return head + ages + _amounts(len(held), width).pack(*(self.counts[b] for b in held))

    @classmethod
    def unpack(cls, raw: bytes, start: int) -> tuple["Buckets", int]:
        """Return the buckets packed at `start`, and where they end."""
        if raw[start] == 0:
            return cls(), start + 1
        held, newest, width = _HEAD.unpack_from(raw, start)
        start += _HEAD.size
        layout = _amounts(held, width)
        ages = raw[start : start + held]
        amounts = layout.unpack_from(raw, start + held)
        counts = {newest - age: n for age, n in zip(ages, amounts, strict=True)}
        return cls(newest, counts), start + held + layout.size


@cache
def _amounts(held: int, width: int) -> struct.Struct:
    return struct.Struct(f"<{held}{_WIDTHS[width]}")
