"""Carries out a valid document."""

from collections.abc import AsyncGenerator, Hashable, Mapping
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, execute, subscribe
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.context import Context


class Executor:
    """Answers documents of one schema; `hide_suggestions` keeps its names out of errors."""

    def __init__(self, schema: strawberry.Schema, *, hide_suggestions: bool = False) -> None:
        self._hide = hide_suggestions
        self._schema = schema._schema  # noqa: SLF001 - graphql-core's own, which has no public name

    async def execute(
        self,
        document: DocumentNode,
        *,
        text_key: Hashable,  # noqa: ARG002 - plans are kept by it
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> ExecutionResult:
        """Return data and errors; never raises for what a resolver does."""
        result = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=dict(variables) if variables else None,
            operation_name=operation_name,
            hide_suggestions=self._hide,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            executor_class=StrawberryGraphQLCoreExecutionContext,
        )
        return result if isinstance(result, ExecutionResult) else await result

    async def subscribe(
        self,
        document: DocumentNode,
        *,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        context: Context,
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """Return the results of a subscription, or one result where it cannot begin."""
        found: Any = subscribe(
            self._schema,
            document,
            context_value=context,
            variable_values=dict(variables) if variables else None,
            operation_name=operation_name,
            hide_suggestions=self._hide,
        )
        source: AsyncGenerator[ExecutionResult, None] | ExecutionResult = (
            await found if isawaitable(found) else found
        )
        return source
