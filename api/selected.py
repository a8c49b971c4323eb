"""Which fields are asked of what a resolver answers, so that it reads nothing for others."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues


def selected_in(info: GraphQLResolveInfo[Any], variables: dict[str, Any]) -> frozenset[str]:
    """Return the names of the fields; those that `@skip` and `@include` leave out are none.

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
    return frozenset(details[0].node.name.value for details in grouped.values())
