"""A cart over weeks, and in whatever order its events come."""

from datetime import timedelta
from itertools import permutations

import pytest
from making import NOON, event

from attune.collect.event import Commerce, CommerceAction, Event, Product, millis
from attune.errors import ConfigurationError
from attune.features.cart import Cart
from attune.features.feature import DAY, HOUR

NOW = millis(NOON)
EMPTY = (0, 0.0, None, 0)


def moved(action: CommerceAction, item: str, days: float, price: int = 5) -> Event:
    product = Product(item, price_micros=price * 1_000_000)
    return event(at=NOON + timedelta(days=days), commerce=Commerce(action, (product,)))


def read(cart: Cart, events: list[Event], now: int = NOW) -> tuple[object, ...]:
    """Stored after every event, as a consumer may."""
    state = cart.empty()
    for one in events:
        raw = cart.pack(cart.update(state, one, one.at))
        state = cart.unpack(raw) if raw else cart.empty()
    return cart.read(state, now)


def test_an_order_empties_the_cart_in_any_order_of_arrival() -> None:
    events = [
        moved("added", "lamp", -3),
        moved("added", "chair", -2),
        moved("purchased", "lamp", -1),
        moved("added", "table", -0.5, price=80),
        moved("removed", "chair", -0.25),
    ]

    answers = {read(Cart(), list(order)) for order in permutations(events)}

    assert answers == {(1, 80.0, 360.0, 1)}


def test_a_forgotten_cart_does_not_come_back_with_the_next_one() -> None:
    old, new = moved("added", "lamp", -60, price=99), moved("added", "chair", -1)

    assert read(Cart(), [old], NOW - 31 * DAY) == (1, 99.0, 29 * 24 * 60.0, 1)
    assert read(Cart(), [old], NOW) == EMPTY
    for events in ([old, new], [new, old]):
        assert read(Cart(), events) == (1, 5.0, 24 * 60.0, 1)


def test_a_cart_is_idle_after_an_hour_and_not_before() -> None:
    events = [moved("added", "lamp", 0)]

    assert read(Cart(), events, NOW + HOUR)[-1] == 0
    assert read(Cart(), events, NOW + HOUR + 1)[-1] == 1


def test_the_newest_moves_are_kept_whatever_comes_late() -> None:
    events = [moved("added", f"p{n:02}", -n / 100) for n in range(9)]
    cart = Cart(keep=4)

    assert read(cart, events) == read(cart, events[::-1]) == (4, 20.0, 0.0, 0)


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"keep": 999}, {"forget": 0}, {"forget": 50 * DAY}])
def test_more_than_a_state_can_hold_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Cart(**wrong)


def test_what_was_added_at_the_moment_of_an_order_is_in_the_order() -> None:
    events = [moved("added", "lamp", 0), moved("purchased", "lamp", 0)]

    assert read(Cart(), events) == read(Cart(), events[::-1]) == EMPTY
