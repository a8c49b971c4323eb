"""How values of scalars and enums are written, as lines of Python; anything odd goes the slow way.

The lines serialize what resolvers nearly always give; other values go to `Run.complete`, which asks
graphql-core. So these need not know every case, but must agree where they answer.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Flag
from types import MappingProxyType
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)

from api.plans.names import Names

_LARGEST = "1.7976931348623157e308"  # nothing above it but infinity; NaN is below nothing

_ITSELF: Mapping[GraphQLNamedType, str] = MappingProxyType(
    {
        GraphQLString: "{0}.__class__ is str",
        GraphQLID: "{0}.__class__ is str",
        GraphQLBoolean: "{0}.__class__ is bool",
        GraphQLInt: "{0}.__class__ is int and -2147483648 <= {0} <= 2147483647",
        GraphQLFloat: f"{{0}}.__class__ is float and -{_LARGEST} <= {{0}} <= {_LARGEST}",
    }
)
"""When a value stays as it is."""

_PLAIN = frozenset(
    {str, int, float, bool, bytes, list, dict, tuple, datetime, date, time, Decimal, UUID}
)
"""Classes whose instances are no exceptions and cannot be awaited, so a scalar may have them."""


def itself(type_: GraphQLNamedType, var: str) -> str | None:
    """Return the condition on which a value of the type is written as it is, if there is one."""
    condition = _ITSELF.get(type_)
    return condition and condition.format(var)


def written(names: Names, type_: GraphQLNamedType, var: str, slow: str) -> list[str]:
    """Return the lines that make of a value, which is not None, what is written of it.

    `slow` is the expression that does it for values of any kind.
    """
    if condition := itself(type_, var):
        return [f"if not ({condition}):", f"    {var} = {slow}"]
    if isinstance(type_, GraphQLEnumType) and (table := _names_of(type_)):
        cls, by_name, by_value = (
            names.of(each, f"{what}_{type_.name}")
            for each, what in zip(table, ("class", "names", "values"), strict=True)
        )
        return [
            f"if {var}.__class__ is {cls}:",
            f"    {var} = {by_name}[{var}._name_]",
            "else:",
            f"    w = {by_value}.get({var}) if {var}.__class__ is str else None",
            f"    {var} = {slow} if w is None else w",
        ]
    if isinstance(type_, GraphQLScalarType):
        write = names.of(type_.coerce_output_value, f"write_{type_.name}")
        plain, undefined = names.of(_PLAIN, "plain"), names.of(Undefined, "Undefined")
        return [
            f"w = {write}({var}) if {var}.__class__ in {plain} else None",
            f"{var} = {slow} if w is None or w is {undefined} else w",
        ]
    return [f"{var} = {slow}"]


def _names_of(type_: GraphQLEnumType) -> tuple[type, dict[str, str], dict[str, str]] | None:
    """Return the class behind an enum, and what is written of members by name, and by value."""
    cls: Any = getattr(type_, "wrapped_cls", None)
    if cls is None or issubclass(cls, Flag):  # flags have members without a name
        return None
    values = [each.value for each in type_.values.values() if type(each.value) is str]
    write = type_.coerce_output_value
    try:
        by_name = {name: write(member) for name, member in cls.__members__.items()}
        return cls, by_name, {value: write(value) for value in values}
    except Exception:  # noqa: BLE001 - a member that cannot be written: at run time it says so
        return None
