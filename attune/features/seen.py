"""Prices that somebody has seen, line by line, and their bytes; apart from `prices`: compiled."""

import struct
from typing import Final

from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.feature import Value
from attune.features.money import CENT, MICROS

_LAYOUT: Final = struct.Struct("<IqIq")
_CENTS: Final = struct.Struct("<HIHI")
"""For sums in whole cents that it holds: those of nearly everybody."""
_LARGEST: Final = 2**63 - 1
_MOST_LINES: Final = 2**16 - 1
_MOST_CENTS: Final = 2**32 - 1


@mypyc_attr(acyclic=True)
class Seen:
    """Lines with a price, and the sum of their prices in micros: viewed, and put into the cart."""

    def __init__(self) -> None:
        self.looked: int = 0
        self.looked_micros: int = 0
        self.taken: int = 0
        self.taken_micros: int = 0


def viewed(state: Seen, event: Event, at: int) -> Seen:  # noqa: ARG001 - ageless
    """Add the prices of products that were looked at."""
    commerce = event.commerce
    if commerce is not None:
        for product in commerce.products:
            price = product.price_micros
            if price is not None:
                state.looked += 1
                state.looked_micros += price
    return state


def added(state: Seen, event: Event, at: int) -> Seen:  # noqa: ARG001 - ageless
    """Add the prices of products that were put into the cart."""
    commerce = event.commerce
    if commerce is not None:
        for product in commerce.products:
            price = product.price_micros
            if price is not None:
                state.taken += 1
                state.taken_micros += price
    return state


def pack(state: Seen) -> bytes:
    """12 bytes where cents say it, else 24."""
    if not state.looked and not state.taken:
        return b""
    looked, taken = state.looked_micros // CENT, state.taken_micros // CENT
    if (
        looked * CENT == state.looked_micros
        and taken * CENT == state.taken_micros
        and max(state.looked, state.taken) <= _MOST_LINES
        and max(looked, taken) <= _MOST_CENTS
    ):
        return _CENTS.pack(state.looked, looked, state.taken, taken)
    return _LAYOUT.pack(
        state.looked,
        min(state.looked_micros, _LARGEST),
        state.taken,
        min(state.taken_micros, _LARGEST),
    )


def unpack(raw: bytes) -> Seen:
    """Return the state in packed bytes."""
    state = Seen()
    if len(raw) == _CENTS.size:
        state.looked, looked, state.taken, taken = _CENTS.unpack(raw)
        state.looked_micros, state.taken_micros = looked * CENT, taken * CENT
    else:
        state.looked, state.looked_micros, state.taken, state.taken_micros = _LAYOUT.unpack(raw)
    return state


def read(raw: bytes, now: int) -> tuple[Value, ...]:  # noqa: ARG001 - ageless
    """Return the means of packed prices, which may be none; see `means`."""
    return means(unpack(raw) if raw else Seen())


def means(state: Seen) -> tuple[Value, ...]:
    """Divide; a mean is exact as long as prices together stay below 2**63 micros."""
    if not state.looked:
        return None, None
    mean = state.looked_micros / state.looked
    if not state.taken or not mean:
        return mean / MICROS, None
    return mean / MICROS, state.taken_micros / state.taken / mean
