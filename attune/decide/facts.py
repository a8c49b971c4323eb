"""What is known of one visitor at one moment, as expressions read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from numbers import Integral, Real
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Where an operand lies in the facts: `("user", "behaviorScore")`."""

ROOTS = ("user", "prediction", "session", "item")
"""What an expression may name. `user` holds features, `segment`, `segments` and `traits`; `session`
the features of the visit that is going on, `item` those of the first product in play."""
_VISITOR = ("user", "prediction")
IN_PLAY = frozenset({"session", "item"})
"""What only a rule may name: it is not of the visitor alone, and not there wherever they are."""


@dataclass(slots=True)
class Shape:
    """Which facts are wanted: the whole value, and at least these parts of it.

    `absent` has by root what is left of it where nothing is known.
    """

    whole: bool = False
    inner: dict[str, "Shape"] = field(default_factory=dict)
    absent: dict[str, Any] = field(default_factory=dict)


_INT64 = 1 << 63  # CEL's integers; larger ones are read as doubles

# Plain classes first: asking an abstract one takes ten times as long.
_MAPS = (dict, Mapping)
_LISTS = (list, tuple)
_NUMBERS = (float, int, Real)
_WHOLES = (int, Integral)


class Facts:
    """JSON values only, and never null: what is unknown is absent.

    So facts can be stored and read back without a change, and an expression asks one question,
    `has(user.x)`, whether the value is missing or null.

    `memo` is where others keep what they made of these facts, such as the engine of the language
    its own form of them: converting them costs more than all rules of a page.
    """

    __slots__ = ("memo", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.memo: dict[object, Any] = {}

    @classmethod
    def of(cls, values: Mapping[str, Any], shape: Shape | None = None) -> "Facts":
        """Take what `shape` wants (everything, without one) out of the values, cleaned."""
        wanted = shape or shape_of((root,) for root in ROOTS)
        kept: dict[str, Any] = {}
        for root, inner in wanted.inner.items():
            value = values.get(root)
            # As a rule nothing is in play, whatever rules may ask of it.
            kept[root] = wanted.absent[root] if value is None else _narrow(value, inner) or {}
        return cls(kept)

    def at(self, path: Path) -> Any:  # noqa: ANN401 - facts are JSON of any type
        """Return the value at the path, or None where it is not known."""
        value: Any = self.values
        for key in path:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def in_segments(self, names: Sequence[str]) -> "Facts":
        """Return these facts with the segments the visitor is in, the primary one first.

        `user.segment` is empty text where there is none, so that `user.segment != "x"` holds.
        """
        segments = {"segment": names[0] if names else "", "segments": list(names)}
        return Facts({**self.values, "user": {**self.values["user"], **segments}})


def shape_of(paths: Iterable[Path]) -> Shape:
    """Return the smallest shape that holds every path, and always the visitor."""
    shape = Shape(inner={root: Shape() for root in _VISITOR})
    for path in paths:
        wanted = shape
        for key in path:
            wanted = wanted.inner.setdefault(key, Shape())
        wanted.whole = True
    shape.absent = {root: _narrow({}, inner) or {} for root, inner in shape.inner.items()}
    return shape


def _narrow(value: object, wanted: Shape) -> Any:  # noqa: ANN401 - JSON of any type
    if wanted.whole and not wanted.inner:
        return _clean(value)
    # What is looked into is always a map, so that has(user.traits.x) can be asked of everyone.
    found = value if isinstance(value, _MAPS) else {}
    kept = _clean(found) if wanted.whole else {}
    for key, inner in wanted.inner.items():
        part = _narrow(found.get(key), inner)
        if part is not None:
            kept[key] = part
    return kept


def _clean(value: object) -> Any:  # noqa: ANN401 - JSON of any type
    """Return the value as JSON has it, or None for one that JSON and CEL cannot both hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value) if value.isascii() or _is_unicode(value) else None
    if isinstance(value, _NUMBERS):  # int and float, and the scalars of numpy
        return _number(value)
    if isinstance(value, _MAPS):
        items = ((str(key), _clean(inner)) for key, inner in value.items())
        return {key: inner for key, inner in items if inner is not None}
    if isinstance(value, _LISTS):
        return [_clean(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else None


def _number(value: float | Real) -> int | float | None:
    # Whether it is a float comes first: asking the abstract class takes ten times as long.
    whole = not isinstance(value, float) and isinstance(value, _WHOLES)
    if whole and -_INT64 <= (number := int(value)) < _INT64:  # type: ignore[arg-type] # it is one
        return number
    try:
        double = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return double if isfinite(double) else None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
