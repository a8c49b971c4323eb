"""GraphQL over HTTP: JSON in, JSON out; errors say what and where, and never show a trace."""

import time
from typing import Any

import orjson
import strawberry
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionResult

from api.context import Context
from api.failures import shown
from api.http import Request, Response, Routes, Sockets, Stream, reply
from api.live.events import MEDIA_TYPE, events
from api.live.operations import Operations
from api.live.socket import serving
from attune.errors import BadRequest
from attune.telemetry import ANSWERS

MAX_BODY = 128 * 1024
"""Bytes of a request: far above any query a front end sends."""


class MalformedRequest(BadRequest):
    """A body that is no GraphQL request."""

    code = "malformed_request"


def routes(schema: strawberry.Schema, context: Context) -> Routes:
    """Return the route of GraphQL."""
    operations = Operations(schema, context)

    async def graphql(request: Request) -> Response | Stream:
        started = time.perf_counter()
        asked = _parse(await request.body(MAX_BODY))
        if MEDIA_TYPE in (request.header(b"accept") or b""):
            return events(operations, asked)
        try:
            result = await schema.execute(
                asked["query"],
                variable_values=asked.get("variables"),
                operation_name=asked.get("operationName"),
                context_value=context,
            )
        except CannotGetOperationTypeError as error:
            raise _no_operation(error.operation_name) from error
        ANSWERS.observe(time.perf_counter() - started)
        return reply(200, _body(result))

    return {("POST", "/graphql"): graphql}


def sockets(schema: strawberry.Schema, context: Context) -> Sockets:
    """Return what serves GraphQL over WebSockets."""
    return {"/graphql": serving(Operations(schema, context), context.live.settings)}


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
        body["errors"] = [shown(error) for error in result.errors]
        if result.data is None and not any(error.path for error in result.errors):
            del body["data"]
    return body
