"""Running an operation that may answer many times, whatever carries it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType

from api.answer import Answerer, body_of
from api.asked import Asked
from api.failures import shown
from api.refusal import Refused, bad_request_body
from attune.errors import BadRequest

Payload = dict[str, Any]
"""A result as it goes out: `data` and `errors`."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Runs subscriptions, and queries as subscriptions that end with their first answer."""

    current: Callable[[], Answerer]
    """Who answers what is asked from now on."""

    async def results(self, asked: Asked) -> AsyncGenerator[Payload, None]:
        """Yield each result of what is asked.

        Raises:
            Refused: it cannot be executed.
        """
        answerer = self.current()
        try:
            document = answerer.library.find(asked)
            operation = document.operation(asked.operation_name)
            if operation.type is not OperationType.SUBSCRIPTION:
                yield await _single(answerer, asked)
                return
        except BadRequest as error:
            raise Refused([bad_request_body(error)]) from error
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


async def _single(answerer: Answerer, asked: Asked) -> Payload:
    seconds = answerer.settings.timeout.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return (await answerer.answer(asked, by_get=False)).body
    except TimeoutError:
        raise Refused([_slow(seconds)]) from None


def _slow(seconds: float) -> Payload:
    message = f"the answer is unavailable: it took more than {seconds:g} s"
    return {"message": message, "extensions": {"code": "TIMEOUT"}}


def broken(error: Exception) -> Payload:
    """Return an error that tells nothing of the inside but the id under which the log tells all."""
    return shown(GraphQLError("", original_error=error))
