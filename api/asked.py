"""What a GraphQL request asks, from the body of a POST or the address of a GET."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from attune.errors import BadRequest


class MalformedRequest(BadRequest):
    """A request that is no GraphQL request."""

    code = "malformed_request"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: a text, an id of a known document, or a hash, and what goes with it."""

    query: str | None
    document_id: str | None
    hash: str | None
    """Of `extensions.persistedQuery`."""
    operation_name: str | None
    variables: Mapping[str, Any] | None


def posted(raw: bytes) -> Asked:
    """Return what the body of a POST asks.

    Raises:
        MalformedRequest: it is not JSON, or none of GraphQL over HTTP.
    """
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(
            f"the body is not JSON: {error}", remedy='send {"query": "...", "variables": {}}'
        ) from error
    if isinstance(found, list):
        raise MalformedRequest(
            "the body is not a JSON object: batches are not taken",
            remedy="send each request by itself, HTTP/1.1 keeps the connection",
        )
    if not isinstance(found, dict):
        raise MalformedRequest("the body is not a JSON object", remedy='send {"query": "..."}')
    return understood(found)


def addressed(parameters: Mapping[str, str]) -> Asked:
    """Return what the address of a GET asks; empty parameters count as left out.

    Raises:
        MalformedRequest: `variables` or `extensions` is not JSON, or as in `posted`.
    """
    found: dict[str, Any] = {name: value for name, value in parameters.items() if value}
    for name in ("variables", "extensions"):
        if name in found:
            try:
                found[name] = orjson.loads(found[name])
            except orjson.JSONDecodeError as error:
                raise MalformedRequest(
                    f"{name} is not JSON: {error}",
                    field=name,
                    value=found[name],
                    remedy=f"write {name} as a JSON object, percent-encoded",
                ) from error
    return understood(found)


def understood(found: Mapping[str, Any]) -> Asked:
    """Return what a request asks, given as an object.

    Raises:
        MalformedRequest: a part of it is of the wrong type, or there is nothing to answer.
    """
    query = found.get("query")
    document_id = found.get("documentId")
    operation_name = found.get("operationName")
    variables = found.get("variables")
    extensions = found.get("extensions")
    _check("query", query, str, "a string")
    _check("documentId", document_id, str, "a string")
    _check("operationName", operation_name, str, "a string")
    _check("variables", variables, dict, "an object")
    _check("extensions", extensions, dict, "an object")
    hashed = _hash(extensions) if extensions else None
    if query is not None and not query.strip():
        raise MalformedRequest("query is empty", field="query", remedy="ask for something")
    if query is None and document_id is None and hashed is None:
        raise MalformedRequest(
            "query is missing",
            field="query",
            remedy="send query, or documentId, or extensions.persistedQuery",
        )
    if document_id is not None and (query is not None or hashed is not None):
        raise MalformedRequest(
            "documentId says it all", field="documentId", remedy="send it without query and hash"
        )
    return Asked(query, document_id, hashed, operation_name or None, variables)


def _hash(extensions: Mapping[str, Any]) -> str | None:
    persisted = extensions.get("persistedQuery")
    _check("extensions.persistedQuery", persisted, dict, "an object")
    if persisted is None:
        return None
    found = persisted.get("sha256Hash")
    if not isinstance(found, str) or persisted.get("version", 1) != 1:
        raise MalformedRequest(
            "extensions.persistedQuery is none that is known here",
            field="extensions.persistedQuery",
            value=str(persisted),
            remedy='send {"version": 1, "sha256Hash": "..."}',
        )
    return found


def _check(name: str, value: object, kind: type, what: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise MalformedRequest(
            f"{name} is not {what}",
            field=name,
            value=str(value)[:100],
            remedy=f"send {name} as {what}",
        )
