"""How the value of a field is had: an attribute, a resolver called directly, or the general way.

Strawberry wraps each resolver in some layers that read its arguments anew on each call. Where they
have nothing to do (no field extensions, arguments that are plain values), the function beneath is
called with the arguments it would get.
"""

from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from graphql import TypeNameMetaFieldDef
from graphql.execution import default_field_resolver
from graphql.execution.values import get_argument_values
from strawberry import Schema
from strawberry.types.field import StrawberryField

from api.plans.arguments import arguments_of
from api.plans.run import Run
from api.plans.sites import At, Site
from api.selected import Selected, by_name


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
        case Method(method):
            return lambda _, source, __: method(source)
        case Call(call):
            return call
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
    arguments = arguments_of(schema, site, declared)
    if arguments is None:
        return None
    info_parameter = resolver.info_parameter
    takes_self = bool(resolver.self_parameter)
    if takes_self and not info_parameter and not declared.arguments:
        return Method(function)
    info_name = info_parameter.name if info_parameter else ""
    sites = [each for one in site.inner.values() for each in one.sites]
    selected = by_name(one.node for each in sites for one in each.details)
    info_class = schema.config.info_class

    def call(run: Run, source: Any, at: At) -> Any:  # noqa: ANN401 - as above
        given = arguments(run)
        if info_name:
            given[info_name] = info_class(_Info(run, site, at, selected), declared)  # type: ignore[arg-type]
        return function(source, **given) if takes_self else function(**given)

    return Call(call)


class _Info:
    """Stands for graphql-core's info; nearly always it is asked for the context alone.

    `selected` are the fields that are asked of what the resolver answers.
    """

    __slots__ = ("_at", "_run", "_site", "context", "selected")

    def __init__(self, run: Run, site: Site, at: At, selected: Selected) -> None:
        self.context = run.context
        self.selected = selected
        self._run = run
        self._site = site
        self._at = at

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - attributes of any type
        return getattr(self._run.info(self._site, self._at), name)
