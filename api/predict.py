"""Stop 5 in GraphQL: what the visitor is likely to do."""

from collections.abc import Collection
from enum import Enum

import strawberry

from api.visitor import Visitor
from attune.predict.score import Score


@strawberry.enum(description="What a prediction rests on.")
class Basis(Enum):
    """Who spoke."""

    MODEL = strawberry.enum_value("MODEL", description="A trained model scored this visitor.")
    PRIOR = strawberry.enum_value("PRIOR", description="No model yet: the average visitor's rate.")


@strawberry.type(description="The model that made a prediction.")
class Model:
    """Name and version."""

    name: str
    version: int


@strawberry.type(description="A probability, and what it rests on.")
class Prediction:
    """One score."""

    name: str
    value: float = strawberry.field(description="Probability, 0 to 1.")
    basis: Basis
    model: Model | None = strawberry.field(description="Null where the basis is PRIOR.")
    why: str

    @classmethod
    def of(cls, score: Score) -> "Prediction":
        """Return a score as GraphQL shows it."""
        model = Model(name=score.model.name, version=score.model.version) if score.model else None
        return cls(
            name=score.name, value=score.value, basis=Basis(score.basis), model=model, why=score.why
        )


def predictions_of(visitor: Visitor, names: Collection[str] | None) -> list[Prediction]:
    """Return the visitor's predictions, all of them or those named."""
    return [Prediction.of(score) for score in visitor.scores(names)]
