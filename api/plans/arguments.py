"""The arguments of a resolver that is called directly: prepared once, filled in for each call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLScalarType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.values import get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry import Schema
from strawberry.relay import GlobalID
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from api.plans.run import Run
from api.plans.sites import Site, lists_of

_CONSTANTS = (type(None), bool, int, float, str, datetime, date)
"""What can be passed to any number of calls, because nobody can change it."""


@dataclass(frozen=True, slots=True)
class _Argument:
    """One that is a variable; `default` is Undefined where leaving it out leaves it out."""

    name: str
    variable: str
    default: object
    required: bool
    not_null: bool


def arguments_of(
    schema: Schema, site: Site, declared: StrawberryField
) -> Callable[[Run], dict[str, Any]] | None:
    """Return what makes the arguments of a call, or None if Strawberry has to."""
    constant: dict[str, Any] = {}
    variable: list[_Argument] = []
    definition, node = site.definition, site.details[0].node
    asked = {each.name.value: each.value for each in node.arguments or ()}
    converter = schema.config.name_converter
    known = {converter.from_argument(each): each for each in declared.arguments}
    if known.keys() != definition.args.keys():
        return None
    for name, each in known.items():
        argument = definition.args[name]
        if not _passes_as_it_is(argument, each) or argument.out_name:
            return None
        default = coerce_default_value(argument)
        value = asked.get(name)
        if isinstance(value, VariableNode):
            required = is_required_argument(argument)
            not_null = is_non_null_type(argument.type)
            found = _Argument(each.python_name, value.name.value, default, required, not_null)
            variable.append(found)
        elif value is not None:
            coerced = (
                Undefined if _has_variable(value) else coerce_input_literal(value, argument.type)
            )
            if coerced is Undefined:
                return None
            constant[each.python_name] = coerced
        elif is_required_argument(argument):
            return None
        elif default is not Undefined:
            constant[each.python_name] = default
    every = [*constant.values(), *(each.default for each in variable)]
    if not all(value is Undefined or _is_constant(value) for value in every):
        return None
    return _given(site, constant, variable)


def _given(
    site: Site, constant: Mapping[str, Any], variable: list[_Argument]
) -> Callable[[Run], dict[str, Any]]:
    definition, node = site.definition, site.details[0].node
    lists = [name for name, value in constant.items() if isinstance(value, list)]

    def given(run: Run) -> dict[str, Any]:
        arguments = {**constant}
        for name in lists:  # a resolver may do with its own list what it likes
            arguments[name] = [*constant[name]]
        variables = run.variables
        for each in variable:
            if each.variable in variables:
                value = variables[each.variable]
                if value is None and each.not_null:
                    get_argument_values(definition, node, run.all_variables)  # raises what is wrong
                arguments[each.name] = [*value] if value.__class__ is list else value
            elif each.required:
                get_argument_values(definition, node, run.all_variables)  # as above
            elif each.default is not Undefined:
                value = each.default
                arguments[each.name] = [*value] if isinstance(value, list) else value
        return arguments

    return given


def _passes_as_it_is(argument: GraphQLArgument, declared: StrawberryArgument) -> bool:
    """Say whether a resolver is given an argument as graphql-core coerced it."""
    if not isinstance(get_named_type(argument.type), GraphQLScalarType):
        return False
    inner: object = declared.type
    for wrapper in (StrawberryOptional, StrawberryList, StrawberryOptional):
        if type(inner) is wrapper:
            inner = inner.of_type
    if isinstance(inner, StrawberryOptional | StrawberryList | LazyType):
        return False
    return inner is not GlobalID and lists_of(argument.type) <= 1  # type: ignore[arg-type]


def _has_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(map(_has_variable, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_has_variable(each.value) for each in value.fields)
    return isinstance(value, VariableNode)


def _is_constant(value: object) -> bool:
    if type(value) is list:
        return all(type(each) in _CONSTANTS for each in value)
    return type(value) in _CONSTANTS
