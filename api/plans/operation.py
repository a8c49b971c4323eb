"""What a plan is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from strawberry import Schema


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation with the fragments and the schema that it is validated against."""

    schema: Schema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]

    @property
    def core(self) -> GraphQLSchema:
        """graphql-core's form of the schema."""
        return self.schema._schema  # noqa: SLF001 - strawberry has no other way to it
