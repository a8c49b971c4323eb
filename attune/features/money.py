"""Amounts of money in an event, in micros: 1e-6 of a currency unit."""

from typing import Final

from attune.collect.event import Commerce, Event, Product

MICROS: Final = 1_000_000
CENT: Final = 10_000
"""Most amounts are whole cents, and shorter so."""


def revenue(event: Event) -> int:
    """Return what an order is worth in micros: as told, or else the sum of its lines."""
    return worth(event.commerce) if event.commerce else 0


def worth(order: Commerce) -> int:
    """Return the same of the order itself."""
    if order.revenue_micros is not None:
        return order.revenue_micros
    return sum(map(_line, order.products))


def _line(product: Product) -> int:
    return (product.price_micros or 0) * product.quantity
