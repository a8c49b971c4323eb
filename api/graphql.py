"""GraphQL over HTTP: JSON in, JSON out; errors say what and where, and never show a trace."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import strawberry
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    parse,
    validate,
)

from api.bounded import Bounded
from api.context import Context
from api.execute import Executor
from api.http import Request, Response, Routes, reply
from attune.errors import BadRequest, Unavailable
from attune.telemetry import ANSWERS

_log = structlog.get_logger()

MAX_BODY = 128 * 1024
"""Bytes of a request: far above any query a front end sends."""

_MAX_TOKENS = 4_000
"""Of a document. A page's own query has some hundred; a body full of aliases would keep everybody
else waiting for seconds."""

_MOST_DOCUMENTS, _MOST_TEXT = 1_000, 4 * 1024 * 1024
"""Documents kept, and bytes of their text; the parsed form takes about a hundred times that."""


class MalformedRequest(BadRequest):
    """A body that is no GraphQL request."""

    code = "malformed_request"


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was parsed, and what is wrong with it."""

    node: DocumentNode
    errors: list[GraphQLError]

    @classmethod
    def of(cls, schema: strawberry.Schema, text: str) -> "Document":
        """Parse and validate a text."""
        try:
            node = parse(text, max_tokens=_MAX_TOKENS)
        except GraphQLError as error:
            return cls(DocumentNode(definitions=()), [error])
        core = schema._schema  # noqa: SLF001 - strawberry has no other way to it
        return cls(node, validate(core, node))

    def check_operation(self, name: str | None) -> None:
        """See that there is an operation of the name, or any without one.

        Raises:
            MalformedRequest: there is none.
        """
        found = [n for n in self.node.definitions if isinstance(n, OperationDefinitionNode)]
        if not self.node.definitions:  # it could not be parsed, which is another error
            return
        if not found or (name and name not in {each.name.value for each in found if each.name}):
            raise _no_operation(name if found else None)


def routes(schema: strawberry.Schema, context: Context) -> Routes:
    """Return the route of GraphQL."""
    executor = Executor(schema)
    documents: Bounded[str, Document] = Bounded(_MOST_DOCUMENTS, _MOST_TEXT)

    def document_of(text: str) -> Document:
        found = documents.get(text)
        if found is None:
            found = Document.of(schema, text)
            documents.put(text, found, len(text))
        return found

    async def graphql(request: Request) -> Response:
        started = time.perf_counter()
        asked = _parse(await request.body(MAX_BODY))
        document, name = document_of(asked["query"]), asked.get("operationName")
        document.check_operation(name)
        if document.errors:
            return reply(200, _body(ExecutionResult(None, document.errors)))
        result = await executor.execute(
            document.node,
            text_key=asked["query"],
            operation_name=name,
            variables=asked.get("variables"),
            context=context,
        )
        ANSWERS.observe(time.perf_counter() - started)
        return reply(200, _body(result))

    return {("POST", "/graphql"): graphql}


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        asked = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(
            f"the body is not JSON: {error}", remedy='send {"query": "...", "variables": {}}'
        ) from error
    if not isinstance(asked, dict):
        raise MalformedRequest("the body is not a JSON object", remedy='send {"query": "..."}')
    for name, types, what in (
        ("query", str, "a string"),
        ("variables", dict | None, "an object"),
        ("operationName", str | None, "a string"),
    ):
        if not isinstance(asked.get(name), types):
            raise MalformedRequest(
                f"{name} is not {what}",
                field=name,
                value=str(asked.get(name)),
                remedy=f"send {name} as {what}",
            )
    if not asked["query"].strip():
        raise MalformedRequest("query is empty", field="query", remedy="ask for something")
    return asked


def _no_operation(name: str | None) -> MalformedRequest:
    if name is None:
        return MalformedRequest(
            "the document holds no operation", field="query", remedy="begin with { or query"
        )
    return MalformedRequest(
        f"the document has no operation named {name[:100]}",
        field="operationName",
        value=name,
        remedy="name one that is there, or leave it out",
    )


def _body(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_shown(error) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            del body["data"]
    return body


def _shown(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return dict(error.formatted)
    shown = {**error.formatted}
    if isinstance(cause, Unavailable):
        shown["message"] = f"{cause.what} is unavailable"
        shown["extensions"] = {"code": "UNAVAILABLE", "retryAfter": cause.retry_after}
    else:
        incident = uuid4().hex
        _log.error("resolver failed", incident=incident, path=error.path, exc_info=cause)
        shown["message"] = "something broke on our side"
        shown["extensions"] = {"code": "INTERNAL", "incident": incident}
    return dict(shown)
