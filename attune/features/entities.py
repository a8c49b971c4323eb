"""What else than users has features: the products of a shop, and single visits."""

from collections.abc import Iterable

from msgspec.structs import replace

from attune.collect.event import Commerce, Event
from attune.features.view import Entity, Slice
from attune.ids import EntityId


def items_of(event: Event) -> Iterable[Slice]:
    """Return each product of an event with its own lines and revenue.

    The revenue of an order with several products is told for the whole; each has what its lines
    add up to. One with a single product, in however many lines, is that product's as it is.
    """
    commerce = event.commerce
    if commerce is None:
        return ()
    products = commerce.products
    if len(products) == 1:  # as in most events
        return ((EntityId(products[0].id), event),)
    items = list(dict.fromkeys(product.id for product in products))
    if len(items) == 1:
        return ((EntityId(items[0]), event),)
    return [(EntityId(item), replace(event, commerce=_lines(commerce, item))) for item in items]


def _lines(commerce: Commerce, item: str) -> Commerce:
    lines = tuple(product for product in commerce.products if product.id == item)
    return replace(commerce, products=lines, revenue_micros=None)


def sessions_of(event: Event) -> Iterable[Slice]:
    """Return the visit that the sender says an event belongs to, if it does."""
    return ((EntityId(event.session_id), event),) if event.session_id else ()


ITEM = Entity("item", "item_id", "A product, by its id in events", items_of)
SESSION = Entity(
    "session", "session_id", "A visit, by the id that the sender gave it", sessions_of, ttl=30
)


CUSTOMERS = EntityId("customers")
"""The one entity of its kind."""


def population_of(event: Event) -> Iterable[Slice]:
    """Yield an order or a refund for all customers together."""
    if event.commerce and event.commerce.action in ("purchased", "refunded"):
        yield CUSTOMERS, event


POPULATION = Entity(
    "population", "population_id", "All customers together, by the id `customers`", population_of
)
