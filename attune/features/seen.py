"""Prices that somebody has seen, line by line, and their bytes; apart from `prices`: compiled."""

from typing import Any, Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.feature import CorruptState, Value
from attune.features.money import CENT, MICROS
from attune.features.steps import Step
from attune.unsigned import put_u16, put_u32, u16, u32

_MICROS: Final = 24  # bytes
_CENTS: Final = 12
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


@mypyc_attr(acyclic=True)
class _Adding(Step):
    """Adds the prices of products that were looked at, or put into the cart."""

    def __init__(self, *, taken: bool) -> None:
        self._taken = taken

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401, ARG002 - as `Step`
        """Add them."""
        seen: Seen = state
        commerce = event.commerce
        if commerce is not None:
            for product in commerce.products:
                price = product.price_micros
                if price is None:
                    continue
                if self._taken:
                    seen.taken += 1
                    seen.taken_micros += price
                else:
                    seen.looked += 1
                    seen.looked_micros += price
        return seen


VIEWED: Final = _Adding(taken=False)
ADDED: Final = _Adding(taken=True)


class _Prices(Codec):
    """12 bytes where cents say it, else 24."""

    def empty(self) -> Seen:
        """No price seen."""
        return Seen()

    def unpack(self, raw: bytes) -> Seen:
        """Return the state in packed bytes."""
        state = Seen()
        if len(raw) == _CENTS:
            state.looked = u16(raw, 0)
            state.looked_micros = u32(raw, 2) * CENT
            state.taken = u16(raw, 6)
            state.taken_micros = u32(raw, 8) * CENT
        elif len(raw) == _MICROS:
            state.looked = u32(raw, 0)
            state.looked_micros = read_i64_le(raw, 4)
            state.taken = u32(raw, 12)
            state.taken_micros = read_i64_le(raw, 16)
        else:
            raise CorruptState(f"{len(raw)} bytes of prices")
        return state

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Seen`
        """Write them; what exceeds 64 bits stops there."""
        seen: Seen = state
        if not seen.looked and not seen.taken:
            return
        looked, taken = seen.looked_micros // CENT, seen.taken_micros // CENT
        if (
            looked * CENT == seen.looked_micros
            and taken * CENT == seen.taken_micros
            and max(seen.looked, seen.taken) <= _MOST_LINES
            and max(looked, taken) <= _MOST_CENTS
        ):
            put_u16(out, seen.looked)
            put_u32(out, looked)
            put_u16(out, seen.taken)
            put_u32(out, taken)
            return
        put_u32(out, seen.looked)
        write_i64_le(out, min(seen.looked_micros, _LARGEST))
        put_u32(out, seen.taken)
        write_i64_le(out, min(seen.taken_micros, _LARGEST))


PRICES: Final = _Prices()


def read(raw: bytes, now: int) -> tuple[Value, ...]:  # noqa: ARG001 - ageless
    """Return the means of packed prices, which may be none; see `means`."""
    return means(PRICES.unpack(raw) if raw else Seen())


def means(state: Seen) -> tuple[Value, ...]:
    """Divide; a mean is exact as long as prices together stay below 2**63 micros."""
    if not state.looked:
        return None, None
    mean = state.looked_micros / state.looked
    if not state.taken or not mean:
        return mean / MICROS, None
    return mean / MICROS, state.taken_micros / state.taken / mean
