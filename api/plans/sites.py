"""The fields of an operation at their places in the answer, grouped as graphql-core does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

MAX_SITES = 2_000
"""Fields of one plan, through all fragments: far above any page's query. What a few lines of nested
fragments can unfold to has no end, and compiling a field takes some 50 us."""

Step = tuple[str, str] | None
"""A response key with the name of the type it is a field of; None is any index of a list."""

At = tuple[Any, int] | None
"""The indices of the lists around an object: those further out, then its own."""


class NotCovered(Exception):
    """The operation has something that is left to graphql-core."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A field at one place of the answer; `inner` has what it selects, by the type of the object.

    `details` are the nodes that ask for it: several, where the same key is asked for twice.
    """

    key: str
    definition: GraphQLField
    parent: GraphQLObjectType
    details: FieldDetailsList
    steps: tuple[Step, ...]
    inner: dict[str, "Selection"] = field(default_factory=dict)

    @property
    def type(self) -> GraphQLOutputType:
        """What the field answers."""
        return self.definition.type

    def path(self, at: At) -> Path:
        """Return where a value is: the field itself, or an item if `at` has more indices."""
        indices = []
        while at is not None:
            at, index = at
            indices.append(index)
        path: Path | None = None
        for step in self.steps:
            path = Path(path, *step) if step else Path(path, indices.pop(), None)
        while indices:
            path = Path(path, indices.pop(), None)
        assert path is not None  # noqa: S101 - a site has at least its own key
        return path


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is asked of an object of a type."""

    type: GraphQLObjectType
    sites: tuple[Site, ...]


class Collector:
    """Collects an operation for given values of the variables that its directives read."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {name: FragmentDetails(node) for name, node in fragments.items()}
        self._variables = variables
        self._left = MAX_SITES

    def root(self, type_: GraphQLObjectType) -> Selection:
        """Return what the operation asks of its root type.

        Raises:
            NotCovered: more than `MAX_SITES` fields, introspection, or an async field below.
            GraphQLError: a directive has an argument of no use.
        """
        found = collect_fields(
            self._schema, self._fragments, self._variables, type_, self._operation
        )
        return self._selection(type_, found.grouped_field_set, ())

    def _selection(
        self, type_: GraphQLObjectType, grouped: GroupedFieldSet, steps: tuple[Step, ...]
    ) -> Selection:
        sites = []
        for key, details in grouped.items():
            name = details[0].node.name.value
            definition = self._schema.get_field(type_, name)
            if definition is None:  # graphql-core leaves it out as well
                continue
            self._check(name, definition, below=bool(steps))
            site = Site(key, definition, type_, details, (*steps, (key, type_.name)))
            self._fill(site)
            sites.append(site)
        return Selection(type_, tuple(sites))

    def _check(self, name: str, definition: GraphQLField, *, below: bool) -> None:
        self._left -= 1
        if self._left < 0:
            raise NotCovered(f"it asks for more than {MAX_SITES} fields")
        if name in {"__schema", "__type"}:
            raise NotCovered("it asks about the schema")
        if below and _is_async(definition):
            raise NotCovered(f"{name} is async, but no root field")

    def _fill(self, site: Site) -> None:
        named = get_named_type(site.type)
        if not is_composite_type(named):
            return
        inside = site.steps + (None,) * lists_of(site.type)
        possible = self._schema.get_possible_types(named) if is_abstract_type(named) else [named]
        for type_ in possible:
            assert is_object_type(type_)  # noqa: S101 - for mypy
            found = collect_subfields(
                self._schema,
                self._fragments,
                self._variables,
                self._operation,
                type_,
                site.details,
            )
            site.inner[type_.name] = self._selection(type_, found.grouped_field_set, inside)


def sites_in(selection: Selection) -> int:
    """Return the number of fields in a selection and all below."""
    return sum(1 + sum(map(sites_in, site.inner.values())) for site in selection.sites)


def lists_of(type_: GraphQLOutputType) -> int:
    """Return how many lists are around a type."""
    depth = 0
    while is_list_type(type_) or is_non_null_type(type_):
        depth += is_list_type(type_)
        type_ = type_.of_type
    return depth


def _is_async(definition: GraphQLField) -> bool:
    declared = definition.extensions.get("strawberry-definition")
    return iscoroutinefunction(definition.resolve) or bool(getattr(declared, "is_async", False))
