"""Names in an event that features count: categories, brands, products, devices, channels."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from attune.collect.event import Event

Naming: TypeAlias = Callable[[Event], Sequence[str]]


class Names(NamedTuple):
    """What is counted, in one and in many words, and how to find it in an event."""

    one: str
    many: str
    of: Naming


# Most events are about one product: for those no list is made.
def _categories(event: Event) -> Sequence[str]:
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        category = products[0].category
        return (category,) if category else ()
    return [product.category for product in products if product.category]


def _brands(event: Event) -> Sequence[str]:
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        brand = products[0].brand
        return (brand,) if brand else ()
    return [product.brand for product in products if product.brand]


def _items(event: Event) -> Sequence[str]:
    products = event.commerce.products if event.commerce else ()
    if len(products) == 1:
        return (products[0].id,)
    return [product.id for product in products]


def _visitor(event: Event) -> Sequence[str]:
    return (event.profile,)


CATEGORY = Names("category", "categories", _categories)
BRAND = Names("brand", "brands", _brands)
ITEM = Names("item", "items", _items)
VISITOR = Names("visitor", "visitors", _visitor)
