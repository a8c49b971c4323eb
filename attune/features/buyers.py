"""What customers are like, all together: where a fifth of them ends and the next begins."""

import math
import struct
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import mmh3

from attune.collect.event import Event
from attune.features.feature import DAY, SECOND, Act, CorruptState, Feature, Field, Value
from attune.features.money import MICROS, worth

_BUYER = struct.Struct("<IIIq")  # hash, second of the latest order, orders, micros
_HASHES = 1 << 32
_MOST = 2**63 - 1
FIFTHS = 5

Totals = list[int]
"""Second of the latest order, orders, and revenue less refunds in micros."""


class Sample:
    """Some buyers, by the hash of their profile's id, and which of the hashes is the largest."""

    __slots__ = ("held", "order")

    def __init__(self) -> None:
        self.held: dict[int, Totals] = {}
        self.order: list[int] = []
        """The hashes in order."""


@dataclass(frozen=True)
class Buyers(Feature[Sample]):
    """How many buyers there are, and the bounds between fifths of them: recency, frequency, money.

    Kept are the `most` buyers with the smallest hashes of their ids, each with all they bought: a
    sample without replacement that does not depend on the order of events, because who is among
    the smallest in the end was so at any time before (Cohen, Kaplan: Summarizing data using
    bottom-k sketches, 2007). Up to `most` buyers everything is exact; beyond, a bound that should
    cut off a fifth cuts off 20 percent with a standard error of `sqrt(0.16 / most)`, 1.3 points
    with 1,000. Buyers go by the profile under which an order came.

    A bound is the value at rank `ceil(n * i / 5)` of the n buyers, for i from 1 to 4.
    """

    most: int = 1000
    acts: frozenset[Act] = frozenset({"purchased", "refunded"})
    largest: ClassVar[int] = 64 * 1024

    @property
    def fields(self) -> tuple[Field, ...]:
        """Bounds are empty lists before anybody has bought."""
        told = "at the four bounds between fifths of all buyers, smallest first"
        return (
            Field("buyers", "float64", "Customers who have ordered, about", "customers"),
            Field("recency_bounds", "float64_list", f"Days since the latest order {told}", "days"),
            Field("frequency_bounds", "float64_list", f"Orders {told}", "orders"),
            Field("monetary_bounds", "float64_list", f"Revenue less refunds {told}", "currency"),
        )

    def empty(self) -> Sample:
        """Nobody has bought."""
        return Sample()

    def update(self, state: Sample, event: Event, at: int) -> Sample:
        """Add to what a buyer has bought, if they are in the sample."""
        if event.commerce is None:
            return state
        totals = self._totals(state, mmh3.hash(event.profile, signed=False))
        if totals is not None:
            micros = worth(event.commerce)
            if event.commerce.action == "refunded":
                totals[2] -= micros
            else:
                totals[0] = max(totals[0], at // SECOND)
                totals[1] += 1
                totals[2] += micros
        return state

    def merge(self, ours: Sample, theirs: Sample) -> Sample:
        """The smallest hashes of both, and the sums of each."""
        for hashed, (latest, orders, micros) in theirs.held.items():
            totals = self._totals(ours, hashed)
            if totals is not None:
                totals[0] = max(totals[0], latest)
                totals[1] += orders
                totals[2] += micros
        return ours

    def _totals(self, state: Sample, hashed: int) -> Totals | None:
        """Return what a buyer has bought, None if they are not in the sample."""
        found = state.held.get(hashed)
        if found is None:
            if len(state.order) >= self.most:
                if hashed > state.order[-1]:
                    return None
                del state.held[state.order.pop()]
            insort(state.order, hashed)
            found = state.held[hashed] = [0, 0, 0]
        return found

    def read(self, state: Sample, now: int) -> tuple[Value, ...]:
        """Sort, three times; who has only refunds is no buyer."""
        bought = [totals for totals in state.held.values() if totals[1]]
        count = float(len(bought))
        if len(state.order) >= self.most:  # what a full sample spans, to what there could be
            count *= _HASHES / (state.order[-1] + 1)
        return (
            count,
            bounds([(now - latest * SECOND) / DAY for latest, _, _ in bought]),
            bounds([float(orders) for _, orders, _ in bought]),
            bounds([micros / MICROS for _, _, micros in bought]),
        )

    def pack(self, state: Sample) -> bytes:
        """20 bytes a buyer, by hash."""
        held = state.held
        rows = ((each, *held[each]) for each in state.order)
        return b"".join(
            _BUYER.pack(hashed, latest, orders, max(-_MOST, min(micros, _MOST)))
            for hashed, latest, orders, micros in rows
        )

    def unpack(self, raw: bytes) -> Sample:
        """As packed."""
        state = Sample()
        for hashed, *totals in _BUYER.iter_unpack(raw):
            state.held[hashed] = totals
            state.order.append(hashed)
        if any(a >= b for a, b in zip(state.order, state.order[1:], strict=False)):
            raise CorruptState("buyers that are not in the order of their hashes")
        if len(state.order) > self.most:
            raise CorruptState(f"{len(state.order)} buyers in a sample of {self.most}")
        return state


def bounds(values: Sequence[float]) -> list[float]:
    """Return the values that lie between fifths, smallest first; none of no values."""
    ordered = sorted(values)
    if not ordered:
        return []
    ranks = (math.ceil(len(ordered) * i / FIFTHS) for i in range(1, FIFTHS))
    return [ordered[rank - 1] for rank in ranks]
