from typing import Any

import pytest

from attune.collect.commerce import commerce_of, exposure_of, kind_of
from attune.collect.event import Commerce, Exposure, Kind, Product
from attune.errors import InvalidEvent


def order(**properties: object) -> Commerce:
    found = commerce_of("Order Completed", properties)
    assert found
    return found


def refusal(event: str, **properties: object) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        commerce_of(event, properties)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("event", "action"),
    [("Product Viewed", "viewed"), ("Product Added", "added"), ("Product Removed", "removed")],
)
def test_a_product_event_is_about_one_product(event: str, action: str) -> None:
    found = commerce_of(
        event, {"product_id": 42, "category": "toys", "brand": "", "price": 9.9, "currency": "eur"}
    )

    assert found
    assert found.action == action
    assert found.products == (Product("42", "toys", price_micros=9_900_000),)
    assert found.currency == "EUR"


def test_a_click_on_a_product_is_not_a_second_view() -> None:
    assert commerce_of("Product Clicked", {"product_id": "42"}) is None


def test_a_product_may_be_known_by_its_sku_alone() -> None:
    assert order(products=[{"sku": "s"}]).products[0].id == "s"
    assert order(products=[{"sku": "s", "product_id": "p"}]).products[0].id == "p"


def test_revenue_is_what_was_said_before_it_is_what_the_lines_sum_to() -> None:
    lines = [{"product_id": "a", "price": "0.10", "quantity": 3}, {"product_id": "b", "price": 2}]

    assert order(products=lines).revenue_micros == 2_300_000
    assert order(products=lines, total=5).revenue_micros == 5_000_000
    assert order(products=lines, total=5, revenue="4.99").revenue_micros == 4_990_000
    assert order(products=lines, revenue=0).revenue_micros == 0


def test_revenue_is_unknown_where_a_line_has_no_price() -> None:
    assert order(products=[{"product_id": "a", "price": 1}, {"product_id": "b"}]) == Commerce(
        "purchased", (Product("a", price_micros=1_000_000), Product("b"))
    )
    assert order(order_id="o").revenue_micros is None


def test_a_refund_names_its_order_and_amount() -> None:
    assert commerce_of("Order Refunded", {"order_id": 7, "total": 3}) == Commerce(
        "refunded", order_id="7", revenue_micros=3_000_000
    )


@pytest.mark.parametrize(
    ("event", "properties", "field"),
    [
        ("Product Viewed", {}, "properties.product_id"),
        ("Product Viewed", {"product_id": ["a"]}, "properties.product_id"),
        ("Product Viewed", {"product_id": "a", "category": {}}, "properties.category"),
        ("Product Viewed", {"product_id": "a", "currency": "EURO"}, "properties.currency"),
        ("Product Added", {"product_id": "a", "quantity": 0}, "properties.quantity"),
        ("Product Added", {"product_id": "a", "quantity": 1.5}, "properties.quantity"),
        ("Product Added", {"product_id": "a", "quantity": True}, "properties.quantity"),
        ("Product Added", {"product_id": "a", "quantity": "many"}, "properties.quantity"),
        ("Product Added", {"product_id": "a", "quantity": 1e300}, "properties.quantity"),
        ("Order Completed", {"products": "a"}, "properties.products"),
        ("Order Completed", {"products": ["a"]}, "properties.products[0]"),
        ("Order Completed", {"products": [{}] * 101}, "properties.products"),
        ("Order Completed", {"revenue": -1}, "properties.revenue"),
        (
            "Order Completed",
            {"products": [{"product_id": "a"}] * 2 + [{"product_id": "a", "price": "1,50"}]},
            "properties.products[2].price",
        ),
        (
            "Order Completed",
            {"products": [{"product_id": "a", "price": 10**12, "quantity": 2}]},
            "properties.products",
        ),
    ],
)
def test_a_wrong_known_event_is_refused_with_the_path(
    event: str, properties: dict[str, Any], field: str
) -> None:
    assert refusal(event, **properties).field == field


@pytest.mark.parametrize(
    "price", [-1, "-0.01", "NaN", "Infinity", "1,5", "1_000", "", " ", "abc", True, [1], 1e13]
)
def test_a_price_is_a_plain_amount_or_absent(price: object) -> None:
    if price == "":
        assert commerce_of("Product Viewed", {"product_id": "a", "price": price})
        return
    assert refusal("Product Viewed", product_id="a", price=price).field == "properties.price"


def test_content_shown_says_what_was_seen_where_and_why() -> None:
    shown = {"decision_id": "d", "slot": "hero", "block": "b"}

    assert exposure_of("Content Shown", shown) == Exposure("d", "hero", "b")
    assert exposure_of("Other", shown) is None
    with pytest.raises(InvalidEvent) as caught:
        exposure_of("Content Shown", shown | {"slot": None})
    assert caught.value.field == "properties.slot"


def test_what_is_about_money_is_transactional() -> None:
    money = ("Order Completed", "Order Refunded", "Order Cancelled", "Payment Info Entered")
    assert {kind_of(event) for event in money} == {Kind.TRANSACTIONAL}
    assert kind_of("Product Added") is Kind.BEHAVIORAL
