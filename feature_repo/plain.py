"""Ordinary Feast views of this installation: what a nightly job computes, beside what is streamed.

Each is applied to Feast, put online by `feast materialize`, answered by GraphQL, an operand in
rules, and given to models. One of them, for a table of a bank:

    PlainView(
        "user_credit",
        "What the bank knows of a customer, each night",
        USER,
        (
            Field("credit_limit", "float64", "What they may owe", "currency"),
            Field("credit_since", "timestamp", "Since when they are a customer"),
        ),
        source="credit.parquet",
        ttl=timedelta(days=2),
    )
"""

from attune.features.plain import PlainView
from attune.features.view import Entity

PLAIN: tuple[PlainView, ...] = ()
"""Add one here."""


def plain_of(entity: Entity) -> tuple[PlainView, ...]:
    """Return the ordinary views of an entity."""
    return tuple(view for view in PLAIN if view.entity == entity)
