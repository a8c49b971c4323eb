"""The part of docs/features.md that is made from the code: every class, its parameters and fields.

`make data` puts it where the page has its marks.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from data import table

from attune.features.buyers import Buyers
from attune.features.cart import Cart
from attune.features.check.folding import fold
from attune.features.check.samples import LIGHT, heavy
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.feature import DAY, HOUR, MINUTE, VISIT_ACTS, Feature, act_of
from attune.features.hours import HourOfWeek
from attune.features.interest import Affinity, Latest
from attune.features.moments import FirstAndLast
from attune.features.names import Names
from attune.features.prices import PriceSensitivity
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from attune.features.shares import Kinds, Shares
from attune.features.ticks import Window
from attune.features.view import USER
from attune.features.visit import Visit
from attune.features.windows import Count, Ratio, Sum, Windows

PAGE = Path(__file__).resolve().parent.parent / "docs" / "features.md"
BEGIN, END = "<!-- written by `make data` -->\n", "<!-- to here -->"

EXAMPLES: tuple[Feature[Any], ...] = (
    Windows(
        (Count("views", "viewed"), Count("orders", "purchased"), Sum("spent", "purchased")),
        ratios=(Ratio("conversion", ("orders", "7d"), ("views", "7d"), "Orders a view"),),
    ),
    Sessions(),
    Purchases(),
    Affinity(),
    Latest(),
    Cart(),
    PriceSensitivity(),
    Shares(),
    HourOfWeek(),
    FirstAndLast(),
    Distinct(),
    DistinctSketch(),
    Visit(),
    Buyers(),
)
"""One of each class, with default parameters; `Windows` has none for its columns."""

_DURATIONS = frozenset({"gap", "lateness", "half_life", "idle", "forget"})


def written(page: str) -> str:
    """Return the page with its part from the code as the code is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(part()) + "\n" + END + after


def part() -> Iterator[str]:
    """Yield the lines between the marks."""
    yield from table(
        ("class", "of", "parameters and their defaults", "fields", "bytes"),
        map(_row, EXAMPLES),
    )


def _row(feature: Feature[Any]) -> tuple[str, str, str, str, str]:
    module = type(feature).__module__.removeprefix("attune.features.")
    found = ", ".join(f"`{field.name}`" for field in feature.fields)
    few, many = _sizes(feature)
    return (
        f"`{type(feature).__name__}`",
        f"`{module}`",
        ", ".join(_parameters(feature)) or "none",
        found,
        f"{few}, {many}",
    )


def _parameters(feature: Feature[Any]) -> Iterator[str]:
    for parameter in fields(feature):  # type: ignore[arg-type] # every class of the library is one
        if parameter.init:
            yield f"`{parameter.name}`{_default(parameter)}"


def _default(parameter: "Field[Any]") -> str:
    value = parameter.default
    if parameter.default_factory is not MISSING:
        value = parameter.default_factory()
    if value is MISSING:
        return ""
    return f" {_told(parameter.name, value)}"


def _told(name: str, value: object) -> str:
    if value == VISIT_ACTS:
        return "of a visit"
    if isinstance(value, Window | Names | Kinds):
        return value.name if isinstance(value, Window) else value.one.upper()
    if isinstance(value, frozenset | dict | tuple):
        return " ".join(_each(value)) or "none"
    if isinstance(value, int) and name in _DURATIONS:
        return _duration(value)
    return str(value) or '""'


def _each(values: frozenset[str] | dict[str, int] | tuple[Any, ...]) -> list[str]:
    if isinstance(values, dict):
        return [f"{name} {value}" for name, value in values.items()]
    return [each.name for each in values] if isinstance(values, tuple) else sorted(values)


def _duration(value: int) -> str:
    unit, name = next(
        each for each in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")) if value >= each[0]
    )
    return f"{value // unit} {name}"


def _sizes(feature: Feature[Any]) -> tuple[int, int]:
    events = [event for event in heavy(USER) if act_of(event) in feature.acts]
    return tuple(len(feature.pack(fold(feature, each))) for each in (events[-LIGHT:], events))  # type: ignore[return-value]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
