"""One question, one answer: the document is found, weighed and carried out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, OperationType

from api.asked import Asked
from api.caching import watched
from api.context import Context
from api.documents import Document, Operation
from api.execute import Executor
from api.failures import shown
from api.persisted import Library
from api.refusal import over_limit, refuse
from attune.errors import BadRequest
from attune.settings import Api


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
        if operation.type is OperationType.SUBSCRIPTION:
            raise refuse(
                "a subscription is not answered by a single response",
                code="SUBSCRIPTION_NOT_SUPPORTED",
                remedy="take text/event-stream, or ask over a WebSocket",
            )
        if by_get and operation.type is not OperationType.QUERY:
            raise QueriesOnly(
                "GET takes queries only", field="query", remedy="send a mutation as a POST"
            )
        self.weigh(operation, asked.variables or {})
        if not operation.public:
            return Answer(body_of(await self._carried_out(document, asked)))
        with watched() as made:
            result = await self._carried_out(document, asked)
        return Answer(body_of(result), public=made.whole and not result.errors)

    async def _carried_out(self, document: Document, asked: Asked) -> ExecutionResult:
        return await self.executor.execute(
            document.ast,
            text_key=document.key,
            operation_name=asked.operation_name,
            variables=asked.variables,
            context=self.context,
        )

    def weigh(self, operation: Operation, variables: Mapping[str, Any]) -> None:
        """Refuse an operation that costs too much with these variables.

        Raises:
            Refused: it does.
        """
        cost, limit = operation.cost.of(variables), self.settings.limits.cost
        if cost > limit:
            remedy = "ask for shorter lists or fewer fields"
            raise over_limit("cost", cost, limit, remedy=remedy, node=operation.node)


def body_of(result: ExecutionResult) -> dict[str, Any]:
    """Return a result as it goes out."""
    if not result.errors:
        return {"data": result.data}
    errors = [shown(error) for error in result.errors]
    if result.data is None and not any(error.path for error in result.errors):
        return {"errors": errors}  # the variables did not fit: nothing was carried out
    return {"errors": errors, "data": result.data}
