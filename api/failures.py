"""How errors of GraphQL go out: what the asker can mend in full, what is ours without a word."""

from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError

from api.refusal import error_body
from attune.errors import Unavailable

_log = structlog.get_logger()


def shown(error: GraphQLError) -> dict[str, Any]:
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
