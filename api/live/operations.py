"""Running an operation that may answer many times, whatever carries it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    get_operation_ast,
    subscribe,
)
from graphql.language import parse
from graphql.validation import validate

from api.context import Context
from api.failures import shown

Payload = dict[str, Any]
"""A result as it goes out: `data` and `errors`."""


class Refused(Exception):
    """Nothing was executed; `errors` say why, as they go out."""

    def __init__(self, errors: list[Payload]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Operations:
    """Runs subscriptions, and queries as subscriptions that end with their first answer."""

    schema: strawberry.Schema
    context: Context

    async def results(self, asked: Mapping[str, Any]) -> AsyncGenerator[Payload, None]:
        """Yield each result of the request `asked` (query, variables, operationName).

        Raises:
            Refused: it cannot be executed.
        """
        core = self.schema._schema  # noqa: SLF001 - strawberry has no other way to it
        if not isinstance(text := asked.get("query"), str):
            raise Refused([{"message": "query is not a string"}])
        try:
            document = parse(text)
        except GraphQLError as error:
            raise Refused([shown(error)]) from error
        if errors := validate(core, document):
            raise Refused([shown(error) for error in errors])
        name = asked.get("operationName")
        operation = get_operation_ast(document, name)
        if operation is None:
            raise Refused([{"message": "name one operation of the document"}])
        variables = asked.get("variables")
        if operation.operation is not OperationType.SUBSCRIPTION:
            yield payload_of(
                await self.schema.execute(
                    text, variables, context_value=self.context, operation_name=name
                )
            )
            return
        source = await _subscribed(core, document, self.context, variables, name)
        if isinstance(source, ExecutionResult):
            raise Refused([shown(error) for error in source.errors or ()])
        try:
            async with aclosing(source) as results:
                async for result in results:
                    yield payload_of(result)
        except GraphQLError as error:  # of the source itself: there is nothing to go on with
            raise Refused([shown(error)]) from error


async def _subscribed(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    variables: dict[str, Any] | None,
    name: str | None,
) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
    found: Any = subscribe(
        schema,
        document,
        context_value=context,
        variable_values=variables,
        operation_name=name,
    )
    if isawaitable(found):
        found = await found
    source: AsyncGenerator[ExecutionResult, None] | ExecutionResult = found
    return source


def payload_of(result: Any) -> Payload:  # noqa: ANN401 - strawberry's or graphql-core's
    """Return a result as it goes out."""
    payload: Payload = {"data": result.data}
    if result.errors:
        payload["errors"] = [shown(error) for error in result.errors]
    return payload


def broken(error: Exception) -> Payload:
    """Return an error that tells nothing of the inside but the id under which the log tells all."""
    return shown(GraphQLError("", original_error=error))
