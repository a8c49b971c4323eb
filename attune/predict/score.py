"""A score and its basis; the prior answers where no model can."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from attune.features.feature import Value

Basis = Literal["MODEL", "PRIOR"]
Memo = dict[tuple[str, ...], Any]
"""What scorers made of one visitor's features, by the names of these: models take the same."""


class ModelId(NamedTuple):
    """A published model."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Score:
    """A probability. `model` is None where the basis is PRIOR; `why` is a sentence for people."""

    name: str
    value: float
    basis: Basis
    model: ModelId | None
    why: str


class Scorer(Protocol):
    """Scores one thing, such as `purchase`."""

    @property
    def name(self) -> str:
        """What it scores: the name in GraphQL and in rules (`prediction.purchase`)."""

    def score(self, features: Mapping[str, Value], memo: Memo | None = None) -> Score:
        """Return the score of one visitor's features; one that is missing counts as null."""


@dataclass(frozen=True, slots=True)
class PriorScorer:
    """Answers while there is no model: everybody at the average rate."""

    name: str
    rate: float

    def score(self, features: Mapping[str, Value], memo: Memo | None = None) -> Score:
        """Return the rate, the same for all."""
        del features, memo
        return Score(
            self.name, self.rate, "PRIOR", None, f"No model of {self.name!r} yet: the average rate"
        )
