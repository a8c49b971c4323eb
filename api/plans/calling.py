"""How the value of a field is had: an attribute, a resolver called directly, or the general way.

Strawberry wraps each resolver in some layers that read its arguments anew on each call. Where they
have nothing to do (no field extensions, arguments that are plain values), the function beneath is
called with the arguments it would get.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from keyword import iskeyword
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLScalarType,
    ListValueNode,
    ObjectValueNode,
    TypeNameMetaFieldDef,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution import default_field_resolver
from graphql.execution.values import get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry import Schema
from strawberry.relay import GlobalID
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from api.plans.run import Run
from api.plans.sites import At, Site, lists_of

_CONSTANTS = (type(None), bool, int, float, str, datetime, date)
"""What can be passed to any number of calls, because nobody can change it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """The field is an attribute of the object."""

    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """The field is what a function says of the object alone."""

    function: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """The field is what a call with the run, the object and its place gives."""

    function: Callable[[Run, Any, At], Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """The field is the same for all objects of the type: `__typename`."""

    value: str


Calling = Attribute | Method | Call | Constant


def called(found: Calling) -> Callable[[Run, Any, At], Any]:
    """Return any way of having a value as a call."""
    match found:
        case Attribute(name):
            return lambda _, source, __: getattr(source, name)
        case Method(function):
            return lambda _, source, __: function(source)
        case Call(function):
            return function
        case Constant(value):
            return lambda _, __, ___: value


def calling(schema: Schema, site: Site) -> Calling:
    """Return how the value of a field is had."""
    if site.definition is TypeNameMetaFieldDef:
        return Constant(site.parent.name)
    declared = site.definition.extensions.get("strawberry-definition")
    if not _is_plain(schema, site, declared):
        return Call(_general(site))
    assert isinstance(declared, StrawberryField)  # noqa: S101 - `_is_plain` has seen to it
    if declared.base_resolver is None:
        return Attribute(declared.python_name)
    return _direct(schema, site, declared) or Call(_general(site))


def _is_plain(schema: Schema, site: Site, declared: object) -> bool:
    """Say whether Strawberry's layers around a field have nothing to do."""
    resolve = site.definition.resolve
    if type(declared) is not StrawberryField or declared.extensions:
        return False
    if getattr(resolve, "__module__", "") != "strawberry.schema.schema_converter":
        return False  # somebody has put another one in its place
    if schema.schema_converter.exception_handlers:
        return False
    if declared.base_resolver is None:
        name = declared.python_name
        is_name = name.isidentifier() and not iskeyword(name) and not name.startswith("__")
        return is_name and declared.default_resolver is getattr and not site.definition.args
    return True


def _general(site: Site) -> Callable[[Run, Any, At], Any]:
    definition, node = site.definition, site.details[0].node
    resolve = definition.resolve or default_field_resolver
    asked = bool(definition.args or node.arguments)

    def call(run: Run, source: Any, at: At) -> Any:  # noqa: ANN401 - as graphql-core has it
        info = run.info(site, at)
        given = get_argument_values(definition, node, run.all_variables) if asked else {}
        return resolve(source, info, **given)

    return call


def _direct(schema: Schema, site: Site, declared: StrawberryField) -> Method | Call | None:
    resolver = declared.base_resolver
    if resolver is None or resolver.parent_parameter or resolver.root_parameter:
        return None
    function = resolver.wrapped_func
    if not callable(function):
        return None
    arguments = _arguments(schema, site, declared)
    if arguments is None:
        return None
    info_parameter = resolver.info_parameter
    takes_self = bool(resolver.self_parameter)
    if takes_self and not info_parameter and not declared.arguments:
        return Method(function)
    info_name = info_parameter.name if info_parameter else ""
    info_class = schema.config.info_class

    def call(run: Run, source: Any, at: At) -> Any:  # noqa: ANN401 - as above
        given = arguments(run)
        if info_name:
            given[info_name] = info_class(_raw_info=_Info(run, site, at), _field=declared)
        return function(source, **given) if takes_self else function(**given)

    return Call(call)


class _Info:
    """Stands for graphql-core's info; nearly always it is asked for the context alone."""

    __slots__ = ("_at", "_run", "_site", "context")

    def __init__(self, run: Run, site: Site, at: At) -> None:
        self.context = run.context
        self._run = run
        self._site = site
        self._at = at

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - attributes of any type
        return getattr(self._run.info(self._site, self._at), name)


@dataclass(frozen=True, slots=True)
class _Argument:
    """One that is a variable; `default` is Undefined where leaving it out leaves it out."""

    name: str
    variable: str
    default: object
    required: bool
    not_null: bool


def _arguments(
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
