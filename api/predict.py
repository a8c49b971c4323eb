"""Stop 5 in GraphQL: what the visitor is likely to do."""

from enum import Enum

import strawberry


@strawberry.enum(description="What a prediction rests on.")
class Basis(Enum):
    """Who spoke."""

    MODEL = strawberry.enum_value("MODEL", description="A trained model scored this visitor.")
    PRIOR = strawberry.enum_value("PRIOR", description="No model yet: the average visitor's rate.")


@strawberry.type(description="The model that made a prediction.")
class Model:
    """How a `ModelId` looks."""

    name: str
    version: int


@strawberry.type(description="A probability, and what it rests on.")
class Prediction:
    """How a `Score` looks."""

    name: str
    value: float = strawberry.field(description="Probability, 0 to 1.")
    basis: Basis
    model: Model | None = strawberry.field(description="Null where the basis is PRIOR.")
    why: str
