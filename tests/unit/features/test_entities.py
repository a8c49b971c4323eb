from making import event

from attune.collect.event import Commerce, Event, Product
from attune.features.entities import items_of, sessions_of
from attune.features.money import revenue

LAMP, CHAIR = Product("lamp", price_micros=5), Product("chair", price_micros=7, quantity=2)


def ordered(*products: Product, told: int | None = None) -> Event:
    return event(commerce=Commerce("purchased", products, "o-1", told))


def test_an_order_of_two_products_is_one_of_each_with_what_its_lines_add_up_to() -> None:
    slices = list(items_of(ordered(LAMP, CHAIR, LAMP, told=99)))

    assert [(item, revenue(part)) for item, part in slices] == [("lamp", 10), ("chair", 14)]


def test_an_order_of_one_product_in_two_lines_has_the_revenue_that_is_told() -> None:
    slices = list(items_of(ordered(LAMP, LAMP, told=99)))

    assert [(item, revenue(part)) for item, part in slices] == [("lamp", 99)]


def test_an_event_without_products_or_visit_is_about_neither() -> None:
    assert list(items_of(ordered())) == list(items_of(event(type="page"))) == []
    assert list(sessions_of(event(type="page"))) == []
    assert [visit for visit, _ in sessions_of(event(session_id="s"))] == ["s"]
