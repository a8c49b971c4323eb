"""Names in an event that features count: categories, brands, products, devices, channels."""

from typing import NamedTuple

from attune.features.naming import Naming, brands, categories, items, visitor


class Names(NamedTuple):
    """What is counted, in one and in many words, and how to find it in an event."""

    one: str
    many: str
    of: Naming


CATEGORY = Names("category", "categories", categories)
BRAND = Names("brand", "brands", brands)
ITEM = Names("item", "items", items)
VISITOR = Names("visitor", "visitors", visitor)
