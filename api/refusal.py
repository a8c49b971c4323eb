"""Why a document is not answered, as GraphQL says it: a list of errors, each with its code."""

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError, Node

from attune.errors import AttuneError, BadRequest

LONGEST_MESSAGE = 500
"""Characters; names of 100 kB stand in messages as they were sent."""


class Refused(AttuneError):
    """A request that is well-formed, but whose document or variables cannot be answered."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__("; ".join(error["message"] for error in errors))
        self.errors = errors
        """As they stand in the answer. They hold no syntax trees, so they can be kept."""


def refuse(message: str, *, code: str, remedy: str, node: Node | None = None) -> Refused:
    """Return the refusal for one reason."""
    error = GraphQLError(message, node, extensions={"code": code, "remedy": remedy})
    return Refused([error_body(error)])


def over_limit(what: str, found: int, limit: int, *, remedy: str, node: Node | None) -> Refused:
    """Return the refusal of a document that asks too much: `what` names the limit's setting."""
    words = what.replace("_", " ")
    extensions = {
        "code": f"{what.upper()}_LIMIT",
        "limit": limit,
        "found": found,
        "remedy": f"{remedy}, or raise ATTUNE_API__LIMITS__{what.upper()}",
    }
    message = f"the document has {words} {found:,}, and at most {limit:,} are answered"
    return Refused([error_body(GraphQLError(message, node, extensions=extensions))])


def error_body(error: GraphQLError, code: str = "") -> dict[str, Any]:
    """Return an error as it stands in an answer; `code` is for one that has none."""
    body: dict[str, Any] = dict(error.formatted)
    body["message"] = body["message"][:LONGEST_MESSAGE]
    if code and "code" not in body.get("extensions", {}):
        body["extensions"] = {"code": code, **body.get("extensions", {})}
    return body


def bad_request_body(error: BadRequest) -> dict[str, Any]:
    """Return what is wrong with a request as a GraphQL error."""
    told = error.as_json()
    return {"message": told.pop("message"), "extensions": {**told, "code": error.code.upper()}}
