"""What rules ask of an answer, as they spell it; only what one of them asks for is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from api.reading import Reading
from attune.predict.score import Scorer


class OfReading(Mapping[str, object]):
    """The features of a visit or an item."""

    __slots__ = ("_flat", "_spelled")

    def __init__(self, reading: Reading) -> None:
        self._spelled = reading.features.spelled
        self._flat = reading.flat

    def __getitem__(self, name: str) -> object:
        return self._flat[self._spelled[name]]

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get` has it
        """Return the value of a feature."""
        # Not the one that is inherited: with it each rule's operand takes twice as long.
        field = self._spelled.get(name)
        return default if field is None else self._flat.get(field)

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelled)

    def __len__(self) -> int:
        return len(self._spelled)


class OfUser(OfReading):
    """The features of a visitor, and their traits."""

    __slots__ = ("_traits",)

    def __init__(self, visitor: Reading) -> None:
        self._spelled = visitor.features.spelled
        self._flat = visitor.flat
        self._traits = visitor.kept.traits

    def __getitem__(self, name: str) -> object:
        return self._traits.plain() if name == "traits" else super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the value of a feature, or of all traits."""
        if name == "traits":
            return self._traits.plain()
        field = self._spelled.get(name)
        return default if field is None else self._flat.get(field)

    def __iter__(self) -> Iterator[str]:
        yield from self._spelled
        yield "traits"

    def __len__(self) -> int:
        return len(self._spelled) + 1


class OfModels(Mapping[str, float]):
    """The values of scores by their names; no model runs that no rule asks for."""

    __slots__ = ("_score", "_scorers")

    def __init__(self, score: Callable[[str], float | None], scorers: Sequence[Scorer]) -> None:
        self._score = score
        self._scorers = scorers

    def __getitem__(self, name: str) -> float:
        found = self._score(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the value of a score."""
        found = self._score(name)
        return default if found is None else found

    def __iter__(self) -> Iterator[str]:
        return (scorer.name for scorer in self._scorers)

    def __len__(self) -> int:
        return len(self._scorers)
