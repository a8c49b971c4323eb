"""Running an operation that may answer many times, whatever carries it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from api.answer import Answerer, TooSlow, body_of
from api.asked import Asked
from api.failures import shown
from api.refusal import Refused, bad_request_body
from attune.errors import BadRequest

Payload = dict[str, Any]
"""A result as it goes out: `data` and `errors`."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Runs subscriptions, and queries as subscriptions that end with their first answer."""

    answerer: Answerer

    async def results(self, asked: Asked) -> AsyncGenerator[Payload, None]:
        """Yield each result of what is asked.

        Raises:
            Refused: it cannot be executed.
        """
        answerer = self.answerer
        try:
            document = answerer.library.find(asked)
            operation = document.operation(asked.operation_name)
            if operation.type is not OperationType.SUBSCRIPTION:
                yield (await answerer.answer(asked, by_get=False)).body
                return
        except BadRequest as error:
            raise Refused([bad_request_body(error)]) from error
        except TooSlow as error:
            raise Refused([shown(GraphQLError(str(error), original_error=error))]) from error
        answerer.weigh(operation, asked.variables or {})
        source = await answerer.executor.subscribe(
            document.ast,
            operation_name=asked.operation_name,
            variables=asked.variables,
            context=answerer.context,
        )
        if isinstance(source, ExecutionResult):
            raise Refused([shown(error) for error in source.errors or ()])
        try:
            async with aclosing(source) as results:
                async for result in results:
                    yield body_of(result)
        except GraphQLError as error:  # of the source itself: there is nothing to go on with
            raise Refused([shown(error)]) from error


def broken(error: Exception) -> Payload:
    """Return an error that tells nothing of the inside but the id under which the log tells all."""
    return shown(GraphQLError("", original_error=error))
