"""What prices somebody looks at, and which of them they take."""

import struct
from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.feature import Act, Feature, Field, Value
from attune.features.money import CENT, MICROS

_LAYOUT = struct.Struct("<IqIq")
_CENTS = struct.Struct("<HIHI")
"""For sums in whole cents that it holds: those of nearly everybody."""
_LARGEST = 2**63 - 1
_MOST_LINES, _MOST_CENTS = 2**16 - 1, 2**32 - 1


@dataclass(slots=True)
class Seen:
    """Lines with a price, and the sum of their prices in micros: viewed, and put into the cart."""

    looked: int = 0
    looked_micros: int = 0
    taken: int = 0
    taken_micros: int = 0


@dataclass(frozen=True)
class PriceSensitivity(Feature[Seen]):
    """Mean price of the products looked at, and that of those taken, as a share of it.

    `price_ratio = mean(price of products put into the cart) / mean(price of products viewed)`:
    under 1 for somebody who looks at dear things and takes cheaper ones; null before both are
    known, and where all that was viewed is free. Each line of an event counts once, whatever its
    quantity; lines without a price say nothing. Over all time.
    """

    acts: frozenset[Act] = frozenset({"viewed", "added"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """Two numbers."""
        return (
            Field("mean_price", "float64", "Mean price of the products viewed", "currency"),
            Field(
                "price_ratio", "float64", "Mean price put into the cart over mean price viewed", ""
            ),
        )

    def empty(self) -> Seen:
        """No price seen."""
        return Seen()

    def update(self, state: Seen, event: Event, at: int) -> Seen:  # noqa: ARG002 - ageless
        """Add the prices of the event's products."""
        if event.commerce is None:
            return state
        viewed = event.commerce.action == "viewed"
        for product in event.commerce.products:
            if product.price_micros is None:
                continue
            if viewed:
                state.looked += 1
                state.looked_micros += product.price_micros
            else:
                state.taken += 1
                state.taken_micros += product.price_micros
        return state

    def merge(self, ours: Seen, theirs: Seen) -> Seen:
        """Add."""
        return Seen(
            ours.looked + theirs.looked,
            ours.looked_micros + theirs.looked_micros,
            ours.taken + theirs.taken,
            ours.taken_micros + theirs.taken_micros,
        )

    def read(self, state: Seen, now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """Divide; a mean is exact as long as prices together stay below 2**63 micros."""
        if not state.looked:
            return None, None
        mean = state.looked_micros / state.looked
        if not state.taken or not mean:
            return mean / MICROS, None
        return mean / MICROS, state.taken_micros / state.taken / mean

    def pack(self, state: Seen) -> bytes:
        """12 bytes where cents say it, else 24."""
        if not state.looked and not state.taken:
            return b""
        looked, rest = divmod(state.looked_micros, CENT)
        taken, more = divmod(state.taken_micros, CENT)
        if (
            not (rest or more)
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

    def unpack(self, raw: bytes) -> Seen:
        """As packed."""
        if len(raw) == _CENTS.size:
            looked, looked_cents, taken, taken_cents = _CENTS.unpack(raw)
            return Seen(looked, looked_cents * CENT, taken, taken_cents * CENT)
        return Seen(*_LAYOUT.unpack(raw))
