"""Names in events, found; apart from `names`, so that it is compiled."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attune.collect.event import Event

Naming: TypeAlias = Callable[[Event], Sequence[str]]


# Most events are about one product: for those no list is made.
def categories(event: Event) -> Sequence[str]:
    """Return the category of each product that has one."""
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        category = products[0].category
        return (category,) if category else ()
    return [product.category for product in products if product.category]


def brands(event: Event) -> Sequence[str]:
    """Return the brand of each product that has one."""
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        brand = products[0].brand
        return (brand,) if brand else ()
    return [product.brand for product in products if product.brand]


def items(event: Event) -> Sequence[str]:
    """Return the id of each product."""
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        return (products[0].id,)
    return [product.id for product in products]


def visitor(event: Event) -> Sequence[str]:
    """Return whose event it is."""
    return (event.profile,)
