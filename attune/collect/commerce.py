"""The track events that we know by name: what they mean, and their typed payloads."""

from collections.abc import Mapping
from typing import Any

from attune.collect.event import Commerce, CommerceAction, Exposure, Kind, Product
from attune.collect.fields import MAX_AMOUNT, micros, quantity, refuse, required, text
from attune.errors import InvalidEvent

CONTENT_SHOWN = "Content Shown"
MAX_LINES = 100
"""Products of one order."""

# "Product Clicked" is not among them: the page it leads to sends "Product Viewed", and one look
# would count twice.
_ACTIONS: Mapping[str, CommerceAction] = {
    "Product Viewed": "viewed",
    "Product Added": "added",
    "Product Removed": "removed",
    "Order Completed": "purchased",
    "Order Refunded": "refunded",
}
_TRANSACTIONAL = frozenset(
    {
        "Checkout Started",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "Payment Info Entered",
        "Order Completed",
        "Order Updated",
        "Order Refunded",
        "Order Cancelled",
    }
)
_CURRENCY_LETTERS = 3


def kind_of(event: str) -> Kind:
    """Return which topic carries the track event of this name."""
    return Kind.TRANSACTIONAL if event in _TRANSACTIONAL else Kind.BEHAVIORAL


def commerce_of(event: str, properties: Mapping[str, Any]) -> Commerce | None:
    """Return the typed payload of a known e-commerce event, None for any other.

    Raises:
        InvalidEvent: a known event whose product, price, quantity or currency is wrong.
    """
    action = _ACTIONS.get(event)
    if action is None:
        return None
    if action in ("purchased", "refunded"):
        return _order(action, properties)
    return Commerce(
        action=action,
        products=(_product(properties, "properties."),),
        currency=_currency(properties),
    )


def exposure_of(event: str, properties: Mapping[str, Any]) -> Exposure | None:
    """Return what `Content Shown` says was seen, None for any other event.

    Raises:
        InvalidEvent: it does not say which decision, slot or block.
    """
    if event != CONTENT_SHOWN:
        return None
    return Exposure(
        decision_id=required(properties.get("decision_id"), "properties.decision_id"),
        slot=required(properties.get("slot"), "properties.slot"),
        block=required(properties.get("block"), "properties.block"),
    )


def _order(action: CommerceAction, properties: Mapping[str, Any]) -> Commerce:
    products = _lines(properties)
    return Commerce(
        action=action,
        products=products,
        order_id=text(properties.get("order_id"), "properties.order_id"),
        revenue_micros=_revenue(properties, products),
        currency=_currency(properties),
    )


def _lines(properties: Mapping[str, Any]) -> tuple[Product, ...]:
    found = properties.get("products")
    if found is None:
        return ()
    if not isinstance(found, list):
        refuse(found, "properties.products", "is not a list", "send a list of products")
    if len(found) > MAX_LINES:
        raise InvalidEvent(
            f"properties.products has {len(found)} products",
            field="properties.products",
            remedy=f"send at most {MAX_LINES} products in one order",
        )
    return tuple(_line(line, f"properties.products[{n}]") for n, line in enumerate(found))


def _line(line: object, where: str) -> Product:
    if not isinstance(line, dict):
        refuse(line, where, "is not an object", 'send an object such as {"product_id": "42"}')
    return _product(line, f"{where}.")


def _product(found: Mapping[str, Any], where: str) -> Product:
    """Return the product; a shop that knows no product ids may send the `sku` alone."""
    return Product(
        id=text(found.get("product_id"), f"{where}product_id")
        or text(found.get("sku"), f"{where}sku")
        or required(None, f"{where}product_id"),
        category=text(found.get("category"), f"{where}category"),
        brand=text(found.get("brand"), f"{where}brand"),
        price_micros=micros(found.get("price"), f"{where}price"),
        quantity=quantity(found.get("quantity"), f"{where}quantity"),
    )


def _revenue(properties: Mapping[str, Any], products: tuple[Product, ...]) -> int | None:
    """Return `revenue`, else `total`, else the sum of the lines where each has a price."""
    for name in ("revenue", "total"):
        said = micros(properties.get(name), f"properties.{name}")
        if said is not None:
            return said
    prices = [product.price_micros for product in products]
    if not prices or None in prices:
        return None
    total = sum((product.price_micros or 0) * product.quantity for product in products)
    if total > MAX_AMOUNT * 1_000_000:
        remedy = f"send prices and quantities that sum to at most {MAX_AMOUNT:,}"
        refuse(total // 1_000_000, "properties.products", "sums to too much", remedy)
    return total


def _currency(properties: Mapping[str, Any]) -> str | None:
    code = text(properties.get("currency"), "properties.currency")
    if code is None:
        return None
    if not (len(code) == _CURRENCY_LETTERS and code.isascii() and code.isalpha()):
        remedy = "send three letters of ISO 4217 such as EUR"
        refuse(code, "properties.currency", "is not a currency", remedy)
    return code.upper()
