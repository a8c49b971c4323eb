"""The variables of a request, coerced: at once where they are plain, else by graphql-core."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputType,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLString,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values

from api.plans.operation import Operation

MAX_ERRORS = 50
"""As many as `graphql.execute` tells."""

_INT = 1 << 31

_AS_GIVEN: Mapping[GraphQLNamedType, Callable[[Any], bool]] = {
    GraphQLString: lambda value: value.__class__ is str,
    GraphQLID: lambda value: value.__class__ is str,
    GraphQLBoolean: lambda value: value.__class__ is bool,
    GraphQLInt: lambda value: value.__class__ is int and -_INT <= value < _INT,
}
"""When a value is what graphql-core makes of it."""


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    plain: Callable[[Any], bool] | None
    optional: bool
    """Whether it can be left out, which leaves it out of what is coerced as well."""
    nullable: bool


class Variables:
    """The variables that an operation declares."""

    def __init__(self, operation: Operation) -> None:
        self._schema = operation.core
        self._nodes = operation.node.variable_definitions or ()
        self._known = tuple(self._variable(node) for node in self._nodes)

    def coerced(self, given: Mapping[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        """Return the coerced values by name, or what is wrong with those given."""
        found: dict[str, Any] = {}
        for known in self._known:
            if known.name not in given:
                if not known.optional:
                    return self._thoroughly(given)
                continue
            value = given[known.name]
            if value is None:
                if not known.nullable:
                    return self._thoroughly(given)
            elif known.plain is None or not known.plain(value):
                return self._thoroughly(given)
            found[known.name] = value
        return found

    def sources(self, given: Mapping[str, Any]) -> VariableValues:
        """Return graphql-core's own form of values that it has nothing against."""
        found = self._all(given)
        if isinstance(found, list):
            raise found[0]
        return found

    def _thoroughly(self, given: Mapping[str, Any]) -> dict[str, Any] | list[GraphQLError]:
        found = self._all(given)
        return found if isinstance(found, list) else found.coerced

    def _all(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        return get_variable_values(self._schema, self._nodes, dict(given), max_errors=MAX_ERRORS)

    def _variable(self, node: Any) -> _Variable:  # noqa: ANN401 - a node of the document
        type_ = type_from_ast(self._schema, node.type)
        not_null = is_non_null_type(type_)
        return _Variable(
            node.variable.name.value,
            _plain(type_.of_type if is_non_null_type(type_) else type_),
            optional=not not_null and not node.default_value,
            nullable=not not_null,
        )


def _plain(type_: GraphQLInputType | None) -> Callable[[Any], bool] | None:
    if type_ is None or not is_list_type(type_):
        return _AS_GIVEN.get(type_)  # type: ignore[arg-type] # a wrapper or None is no key
    item = type_.of_type
    check = _AS_GIVEN.get(item.of_type) if is_non_null_type(item) else None
    if check is None:
        return None
    return lambda value: value.__class__ is list and all(map(check, value))
