"""Recency, frequency and monetary value: what a customer has bought, over all time."""

import struct
from dataclasses import dataclass

from attune.collect.event import Commerce, Event, Product
from attune.features.feature import DAY, Act, Feature, Field, Value

_LAYOUT = struct.Struct("<qIq")
_LARGEST = 2**63 - 1
MICROS = 1_000_000


@dataclass(slots=True)
class Bought:
    """Latest order (ms since 1970), orders, and revenue less refunds in micros."""

    latest: int = 0
    orders: int = 0
    micros: int = 0


@dataclass(frozen=True)
class Purchases(Feature[Bought]):
    """RFM over all time. Monetary is the revenue of orders less refunds, in the shop's currency."""

    acts: frozenset[Act] = frozenset({"purchased", "refunded"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """Recency is null for a visitor who never bought."""
        return (
            Field("recency_days", "float64", "Days since the latest order", "days"),
            Field("frequency", "int64", "Orders so far", "orders"),
            Field("monetary", "float64", "Revenue so far, less refunds", "currency"),
        )

    def empty(self) -> Bought:
        """Never bought."""
        return Bought()

    def update(self, state: Bought, event: Event) -> Bought:
        """Count an order, or take back a refund."""
        if event.commerce is None:
            return state
        micros = revenue(event.commerce)
        if event.commerce.action == "refunded":
            return Bought(state.latest, state.orders, state.micros - micros)
        return Bought(max(state.latest, event.at), state.orders + 1, state.micros + micros)

    def merge(self, ours: Bought, theirs: Bought) -> Bought:
        """Add."""
        return Bought(
            max(ours.latest, theirs.latest),
            ours.orders + theirs.orders,
            ours.micros + theirs.micros,
        )

    def read(self, state: Bought, now: int) -> tuple[Value, ...]:
        """Days are exact to the millisecond."""
        recency = (now - state.latest) / DAY if state.orders else None
        return recency, state.orders, state.micros / MICROS

    def pack(self, state: Bought) -> bytes:
        """20 bytes. What ten orders of the largest amount exceed stops at 64 bits."""
        micros = max(-_LARGEST, min(state.micros, _LARGEST))
        return _LAYOUT.pack(state.latest, state.orders, micros)

    def unpack(self, raw: bytes, start: int) -> tuple[Bought, int]:
        """As packed."""
        return Bought(*_LAYOUT.unpack_from(raw, start)), start + _LAYOUT.size


def revenue(order: Commerce) -> int:
    """Return what an order is worth in micros: as told, or else the sum of its lines."""
    if order.revenue_micros is not None:
        return order.revenue_micros
    return sum(map(_line, order.products))


def _line(product: Product) -> int:
    return (product.price_micros or 0) * product.quantity
