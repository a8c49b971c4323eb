"""Which facts there are, by name and type: what could never be decided is refused when it is saved.

Not so `prediction.*`, because models come and go, and traits, which senders make up.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeAlias

from attune.decide.expression import Expression, InvalidExpression, Mistyped, Undecided, name_of
from attune.decide.facts import ROOTS, Facts, Path
from attune.features.feature import FieldType
from attune.features.feature_set import FeatureSet
from attune.features.spelling import camel

Vocabulary: TypeAlias = Mapping[str, Mapping[str, FieldType | None]]
"""By root the names of its facts with their types; None is any. A root left out has any name."""

_MADE: Mapping[str, FieldType | None] = MappingProxyType(
    {"segment": "string", "segments": "string_list", "traits": None}
)
"""What a user has beside features."""
_TEXT = "2026-01-01T00:00:00+00:00"
_SAMPLES: Mapping[str, Any] = MappingProxyType(
    {"int": 1, "float": 1.0, "bool": True, "string": _TEXT, "timestamp": _TEXT}
)
"""A value of each type, as facts have it; bytes are never known to them."""


def vocabulary_of(every: Iterable[FeatureSet]) -> Vocabulary:
    """Return the facts of an installation with these features."""
    found: dict[str, dict[str, FieldType | None]] = {}
    for features in every:
        if (root := features.entity.name) in ROOTS:
            ranked = [field for rank in features.ranks for field in rank.fields]
            fields = {camel(field.name): field.type for field in (*features.fields, *ranked)}
            found[root] = {**fields, **_MADE} if root == "user" else {**fields}
    return found


def refuse_undecidable(when: Expression, known: Vocabulary) -> None:
    """Refuse an expression that no facts could decide.

    Raises:
        InvalidExpression: it names a fact that there is not, or asks one for what its type has not.
    """
    for path in when.operands:
        names = known.get(path[0])
        if names is not None and path[1] not in names:
            raise InvalidExpression(
                f"there is no {name_of(path[:2])}", remedy=f"Use {_fitting(path[1], names)}."
            )
    try:
        when.holds(_sample(when.operands, known))
    except Mistyped:
        typed = {name_of(path[:2]): _type(path, known) for path in when.operands}
        told = ", ".join(f"{name} is {kind}" for name, kind in typed.items() if kind)
        raise InvalidExpression(
            "it asks for what these types do not have", remedy=f"{told}: {_CONVERT}"
        ) from None
    except Undecided:
        pass  # it depends on the values


_CONVERT = "compare like with like, and compute with double(x) where numbers mix."


def _fitting(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, names, n=3)
    return " or ".join(near) if near else f"one of: {', '.join(sorted(names))}"


def _type(path: Path, known: Vocabulary) -> FieldType | None:
    return known.get(path[0], {}).get(path[1])


def _sample(paths: Iterable[Path], known: Vocabulary) -> Facts:
    """Return a fact of its type for each path that has one."""
    values: dict[str, dict[str, Any]] = {}
    for path in paths:
        kind = _type(path, known)
        if kind is None:
            continue
        element = kind.removesuffix("_list").removesuffix("32").removesuffix("64")
        value = _SAMPLES.get(element)
        values.setdefault(path[0], {})[path[1]] = [value] if kind.endswith("_list") else value
    return Facts.of(values)
