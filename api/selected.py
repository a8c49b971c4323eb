"""Which fields are asked of what a resolver answers, so that it reads nothing for others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

Selected: TypeAlias = Mapping[str, Sequence[FieldNode]]
"""By the name of a field, where the document asks for it. What `@skip` and `@include` leave out is
not there."""


def by_name(nodes: Iterable[FieldNode]) -> Selected:
    """Return fields by their names."""
    found: dict[str, list[FieldNode]] = {}
    for node in nodes:
        found.setdefault(node.name.value, []).append(node)
    return found


def selected_in(info: GraphQLResolveInfo[Any], variables: dict[str, Any]) -> Selected:
    """Return the fields, given what graphql-core tells a resolver.

    Raises:
        GraphQLError: a directive has an argument of no use.
    """
    type_ = get_named_type(info.return_type)
    assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - asked of objects only
    grouped = collect_subfields(
        info.schema,
        {name: FragmentDetails(node) for name, node in info.fragments.items()},
        VariableValues({}, variables),
        info.operation,
        type_,
        [FieldDetails(node, None) for node in info.field_nodes],
    ).grouped_field_set
    return by_name(each.node for details in grouped.values() for each in details)
