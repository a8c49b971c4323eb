"""One question, one answer: the document is found, weighed and carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from graphql import ExecutionResult, GraphQLError, OperationType

from api.asked import Asked
from api.caching import watched
from api.context import Context
from api.documents import Document, Operation
from api.execute import Executor
from api.persisted import Library
from api.refusal import error_body, over_limit, refuse
from attune.errors import BadRequest, Unavailable
from attune.settings import Api

_log = structlog.get_logger()


class QueriesOnly(BadRequest):
    """A GET may be repeated, foreseen and kept by anybody on the way, so it changes nothing."""

    status = 405
    code = "queries_only"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `data`, unless the request itself failed, and `errors`, if there are any."""

    body: dict[str, Any]
    public: bool = False
    """Whether anybody may keep it."""

    @property
    def carried_out(self) -> bool:
        """Whether the operation ran, however it went."""
        return "data" in self.body


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers what is asked."""

    library: Library
    executor: Executor
    context: Context
    settings: Api

    async def answer(self, asked: Asked, *, by_get: bool) -> Answer:
        """Return the answer.

        Raises:
            Refused: the document is not known, asks too much, or does not fit the schema.
            QueriesOnly: a GET asks for more than a query.
        """
        document = self.library.find(asked)
        operation = document.operation(asked.operation_name)
        self._check(operation, asked.variables or {}, by_get=by_get)
        if not operation.public:
            return Answer(_body(await self._carried_out(document, asked)))
        with watched() as made:
            result = await self._carried_out(document, asked)
        return Answer(_body(result), public=made.whole and not result.errors)

    async def _carried_out(self, document: Document, asked: Asked) -> ExecutionResult:
        return await self.executor.execute(
            document.ast,
            text_key=document.key,
            operation_name=asked.operation_name,
            variables=asked.variables,
            context=self.context,
        )

    def _check(self, operation: Operation, variables: Mapping[str, Any], *, by_get: bool) -> None:
        if operation.type is OperationType.SUBSCRIPTION:
            raise refuse(
                "a subscription is not answered by a single response",
                code="SUBSCRIPTION_NOT_SUPPORTED",
                remedy="ask for it as a query",
            )
        if by_get and operation.type is not OperationType.QUERY:
            raise QueriesOnly(
                "GET takes queries only", field="query", remedy="send a mutation as a POST"
            )
        cost, limit = operation.cost.of(variables), self.settings.limits.cost
        if cost > limit:
            remedy = "ask for shorter lists or fewer fields"
            raise over_limit("cost", cost, limit, remedy=remedy, node=operation.node)


def _body(result: ExecutionResult) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    errors = [_shown(error) for error in result.errors]
    if result.data is None and not any(error.path for error in result.errors):
        return {"errors": errors}  # the variables did not fit: nothing was carried out
    return {"errors": errors, "data": result.data}


def _shown(error: GraphQLError) -> dict[str, Any]:
    """Return an error as its asker may see it."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return error_body(error, "BAD_USER_INPUT")
    shown: dict[str, Any] = dict(error.formatted)
    if isinstance(cause, Unavailable):
        shown["message"] = f"{cause.what} is unavailable"
        shown["extensions"] = {"code": "UNAVAILABLE", "retryAfter": cause.retry_after}
    else:
        incident = uuid4().hex
        _log.error("resolver failed", incident=incident, path=error.path, exc_info=cause)
        shown["message"] = "something broke on our side"
        shown["extensions"] = {"code": "INTERNAL", "incident": incident}
    return shown
