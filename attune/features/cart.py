"""What lies in the cart, and since when nobody has touched it."""

import struct
from bisect import insort
from dataclasses import dataclass
from typing import Final, NamedTuple

import mmh3

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import DAY, HOUR, MINUTE, Act, CorruptState, Feature, Field, Value
from attune.features.money import MICROS

_HEAD = struct.Struct("<qqB")  # latest order, newest move (both ms since 1970), moves
_MOVE = struct.Struct("<IIiq")  # before the newest (ms), product, quantity, price (micros)
_LONGEST_AGO: Final = 2**32 - 1  # ms, 49 days
_MOST_MOVES: Final = 200  # of 20 bytes: some 4 kB


class Move(NamedTuple):
    """Something was put into the cart, or taken out where the quantity is negative."""

    at: int
    item: int
    """32-bit hash of the product's id."""
    quantity: int
    price: int
    """Micros; 0 where it was not said."""


class Carried:
    """The newest moves since the latest order, oldest first."""

    __slots__ = ("moves", "ordered")

    def __init__(self, ordered: int = 0, moves: list[Move] | None = None) -> None:
        self.ordered = ordered
        self.moves: list[Move] = [] if moves is None else moves


@dataclass(frozen=True)
class Cart(Feature[Carried]):
    """Pieces, value and age of the open cart, and whether it was abandoned.

    An order empties the cart: moves of its moment or before are forgotten, in whatever order they
    come. So are moves of more than `forget` before the newest one, and of more than `keep` the
    oldest. A product is in the cart as often as it was added more than removed, at the price of its
    latest addition. `cart_abandoned` is 1 once nothing was moved for `idle`, until an order, or
    until `forget` after the last move: then the shop has forgotten the cart too.

    Raises:
        ConfigurationError: `forget` or `keep` is more than a state can hold.
    """

    idle: int = HOUR
    forget: int = 30 * DAY
    keep: int = 16
    acts: frozenset[Act] = frozenset({"added", "removed", "purchased"})

    def __post_init__(self) -> None:
        """Check what the layout bounds."""
        if not 1 <= self.keep <= _MOST_MOVES:
            raise ConfigurationError(f"keep is {self.keep}: choose from 1 to {_MOST_MOVES}")
        if not 0 < self.forget <= _LONGEST_AGO:
            raise ConfigurationError(f"forget is {self.forget} ms: choose up to 49 days")

    @property
    def fields(self) -> tuple[Field, ...]:
        """All 0, and no age, without a cart."""
        return (
            Field("cart_items", "int64", "Pieces in the open cart", "pieces"),
            Field("cart_value", "float64", "What they cost together", "currency"),
            Field("cart_minutes", "float64", "Since the cart was last touched", "minutes"),
            Field("cart_abandoned", "int64", "1 if an open cart lies idle, else 0", "0 or 1"),
        )

    def empty(self) -> Carried:
        """No cart."""
        return Carried()

    def update(self, state: Carried, event: Event, at: int) -> Carried:
        """Move products, or order what is there."""
        if event.commerce is None:
            return state
        if event.commerce.action == "purchased":
            if at > state.ordered:
                state.ordered = at
                state.moves = [move for move in state.moves if move.at > at]
        elif at > state.ordered:
            sign = 1 if event.commerce.action == "added" else -1
            for product in event.commerce.products:
                item = mmh3.hash(product.id, signed=False)
                price = product.price_micros or 0
                insort(state.moves, Move(at, item, sign * product.quantity, price))
            state.moves = self._newest(state.moves)
        return state

    def merge(self, ours: Carried, theirs: Carried) -> Carried:
        """All moves of both since the latest order of either."""
        ordered = max(ours.ordered, theirs.ordered)
        moves = sorted(move for move in (*ours.moves, *theirs.moves) if move.at > ordered)
        return Carried(ordered, self._newest(moves))

    def _newest(self, moves: list[Move]) -> list[Move]:
        if moves and moves[0].at < (oldest := moves[-1].at - self.forget):
            moves = [move for move in moves if move.at >= oldest]
        return moves[-self.keep :] if len(moves) > self.keep else moves

    def read(self, state: Carried, now: int) -> tuple[Value, ...]:
        """Sum up, product by product; more removed than added is none."""
        if not state.moves or now - state.moves[-1].at > self.forget:
            return 0, 0.0, None, 0
        quantities: dict[int, int] = {}
        prices: dict[int, int] = {}
        for move in state.moves:
            quantities[move.item] = quantities.get(move.item, 0) + move.quantity
            if move.quantity > 0:
                prices[move.item] = move.price
        held = {item: quantity for item, quantity in quantities.items() if quantity > 0}
        if not held:
            return 0, 0.0, None, 0
        value = sum(quantity * prices[item] for item, quantity in held.items()) / MICROS
        idle = now - state.moves[-1].at
        return sum(held.values()), value, idle / MINUTE, int(idle > self.idle)

    def pack(self, state: Carried) -> bytes:
        """17 bytes, and 20 a move."""
        if not state.moves:
            return _HEAD.pack(state.ordered, 0, 0) if state.ordered else b""
        newest = state.moves[-1].at
        return _HEAD.pack(state.ordered, newest, len(state.moves)) + b"".join(
            _MOVE.pack(newest - at, item, quantity, price)
            for at, item, quantity, price in state.moves
        )

    def unpack(self, raw: bytes) -> Carried:
        """As packed."""
        ordered, newest, count = _HEAD.unpack_from(raw)
        if len(raw) != _HEAD.size + count * _MOVE.size:
            raise CorruptState(f"{len(raw)} bytes of a cart")
        moves = [
            Move(newest - ago, item, quantity, price)
            for ago, item, quantity, price in _MOVE.iter_unpack(raw[_HEAD.size :])
        ]
        if moves and (moves[-1].at != newest or moves != sorted(moves)):
            raise CorruptState("moves that are not in the order of time")
        return Carried(ordered, moves)
