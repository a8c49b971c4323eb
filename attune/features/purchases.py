"""Recency, frequency and monetary value: what a customer has bought, over all time."""

import struct
from dataclasses import dataclass
from typing import Final

from attune.collect.event import Event
from attune.features.feature import DAY, Act, Feature, Field, Value
from attune.features.money import CENT, MICROS, worth

_LAYOUT = struct.Struct("<qIq")
_CENTS = struct.Struct("<QI")
"""For orders and whole cents that it holds, those of nearly everybody: orders above the moment."""
_LARGEST = 2**63 - 1
_ORDERS: Final = 48  # bits of the moment: enough until the year 10889
_MOMENT: Final = (1 << _ORDERS) - 1
_MOST_ORDERS, _MOST_CENTS = 2**16 - 1, 2**32 - 1


@dataclass(slots=True)
class Bought:
    """Latest order (ms since 1970), orders, and revenue less refunds in micros."""

    latest: int = 0
    orders: int = 0
    micros: int = 0


@dataclass(frozen=True)
class Purchases(Feature[Bought]):
    """RFM over all time: recency, frequency, monetary value (Hughes: Strategic Database Marketing).

    Monetary is the revenue of orders less refunds, in the shop's currency. An order is worth what
    it says, or else what its lines add up to. Sums are exact below 2**63 micros, and stop there.
    """

    acts: frozenset[Act] = frozenset({"purchased", "refunded"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """Recency and the average are null for a visitor who never bought."""
        return (
            Field("recency_days", "float64", "Days since the latest order", "days"),
            Field("frequency", "int64", "Orders so far", "orders"),
            Field("monetary", "float64", "Revenue so far, less refunds", "currency"),
            Field("average_order", "float64", "Revenue less refunds, an order", "currency"),
        )

    def empty(self) -> Bought:
        """Never bought."""
        return Bought()

    def update(self, state: Bought, event: Event, at: int) -> Bought:
        """Count an order, or take back a refund."""
        if event.commerce is None:
            return state
        micros = worth(event.commerce)
        if event.commerce.action == "refunded":
            state.micros -= micros
        else:
            state.latest = max(state.latest, at)
            state.orders += 1
            state.micros += micros
        return state

    def merge(self, ours: Bought, theirs: Bought) -> Bought:
        """Add."""
        return Bought(
            max(ours.latest, theirs.latest),
            ours.orders + theirs.orders,
            ours.micros + theirs.micros,
        )

    def read(self, state: Bought, now: int) -> tuple[Value, ...]:
        """Days are exact to the millisecond."""
        monetary = state.micros / MICROS
        if not state.orders:
            return None, 0, monetary, None
        return (now - state.latest) / DAY, state.orders, monetary, monetary / state.orders

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`; most visitors have bought nothing."""
        return self.read(self.unpack(raw), now) if raw else (None, 0, 0.0, None)

    def pack(self, state: Bought) -> bytes:
        """12 bytes where cents say it, else 20. What exceeds 64 bits stops there."""
        if state == Bought():
            return b""
        cents, rest = divmod(state.micros, CENT)
        if not rest and 0 <= cents <= _MOST_CENTS and state.orders <= _MOST_ORDERS:
            return _CENTS.pack(state.orders << _ORDERS | state.latest, cents)
        micros = max(-_LARGEST, min(state.micros, _LARGEST))
        return _LAYOUT.pack(state.latest, state.orders, micros)

    def unpack(self, raw: bytes) -> Bought:
        """As packed."""
        if len(raw) == _CENTS.size:
            when, cents = _CENTS.unpack(raw)
            return Bought(when & _MOMENT, when >> _ORDERS, cents * CENT)
        return Bought(*_LAYOUT.unpack(raw))
