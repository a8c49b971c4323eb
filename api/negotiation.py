"""Which media type an answer has, and which requests are taken: GraphQL over HTTP, by its draft."""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import ClassVar, Final, TypeVar

from api.http import Request
from attune.errors import BadRequest

Found = TypeVar("Found")

RESPONSE: Final = b"application/graphql-response+json; charset=utf-8"
JSON: Final = b"application/json"
EVENTS: Final = b"text/event-stream"

_RESPONSE: Final = "application/graphql-response+json"
_JSON: Final = "application/json"
_HTML: Final = "text/html"
_EVENTS: Final = "text/event-stream"
_UTF8: Final = ("utf-8", "utf8", "")
_LONGEST: Final = 1_000
"""Bytes; browsers send some 150."""
_SAFE_MODES: Final = (b"cors", b"same-origin")
_DELIBERATE: Final = (
    b"graphql-require-preflight",
    b"apollo-require-preflight",
    b"x-apollo-operation-name",
    b"x-requested-with",
)
"""Headers that a page of another site cannot send before we were asked whether it may."""


class NotAcceptable(BadRequest):
    """The caller takes none of the types that we have."""

    status: ClassVar[int] = 406
    code = "not_acceptable"


class UnsupportedMediaType(BadRequest):
    """A body that is not declared as JSON."""

    status: ClassVar[int] = 415
    code = "unsupported_media_type"


class HeaderTooLong(BadRequest):
    """A header that would take longer to read than the request to answer."""

    status: ClassVar[int] = 431
    code = "header_too_long"


class SimpleRequest(BadRequest):
    """A GET that a link or an image of any page could have sent."""

    status: ClassVar[int] = 403
    code = "simple_request"


def _remembered(read: Callable[[bytes | None], Found]) -> Callable[[bytes | None], Found]:
    """Keep what was read of headers, which come again and again; do not read endless ones."""
    kept = lru_cache(maxsize=256)(read)

    @wraps(read)
    def found(header: bytes | None) -> Found:
        if header is not None and len(header) > _LONGEST:
            raise HeaderTooLong(
                f"a header has more than {_LONGEST:,} bytes",
                value=header.decode("latin-1"),
                remedy="send what a browser would",
            )
        return kept(header)

    return found


@_remembered
def answer_type(accept: bytes | None) -> bytes:
    """Return the media type of the answer, of those that the caller takes.

    Raises:
        NotAcceptable: it takes none.
    """
    if accept is None:
        return JSON
    weights = dict(_accepted(accept))
    if weights.get(_EVENTS, 0.0) > 0:
        return EVENTS
    anything = weights.get("*/*", 0.0)
    any_of_ours = weights.get("application/*", anything)
    response = weights.get(_RESPONSE, any_of_ours)
    json = weights.get(_JSON, any_of_ours)
    if response <= 0 and json <= 0:
        raise NotAcceptable(
            "no answer has a type that is accepted",
            field="Accept",
            value=accept.decode("latin-1"),
            remedy=f"accept {_RESPONSE}, {_JSON} or {_EVENTS}",
        )
    named = _RESPONSE in weights
    return RESPONSE if response > json or (response == json and named) else JSON


@_remembered
def takes_html(accept: bytes | None) -> bool:
    """Say whether a browser asks, for a person."""
    return accept is not None and dict(_accepted(accept)).get(_HTML, 0.0) > 0


@_remembered
def takes_gzip(accept_encoding: bytes | None) -> bool:
    """Say whether the caller can unpack gzip."""
    if accept_encoding is None:
        return False
    weights = dict(_accepted(accept_encoding))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


@_remembered
def check_content_type(content_type: bytes | None) -> None:
    """See that a body is declared as JSON, which a form of another site cannot do.

    Raises:
        UnsupportedMediaType: it is not.
    """
    declared = (content_type or b"").decode("latin-1")
    kind, *parameters = (part.strip().lower() for part in declared.split(";"))
    charset = "".join(each.partition("=")[2] for each in parameters if each.startswith("charset="))
    if kind != _JSON or charset.strip('"') not in _UTF8:
        raise UnsupportedMediaType(
            "the body is not declared as JSON in UTF-8",
            field="Content-Type",
            value=declared,
            remedy=f"send Content-Type: {_JSON}",
        )


def check_deliberate(request: Request) -> None:
    """See that a GET was sent by a program that meant to, not by a link or an image.

    Browsers say how a request came about, and pages cannot change what they say. Other programs
    name the type that they want.

    Raises:
        SimpleRequest: nothing says so.
    """
    mode = request.header(b"sec-fetch-mode")
    if mode in _SAFE_MODES or any(request.header(name) is not None for name in _DELIBERATE):
        return
    if mode is None and _names_json(request.header(b"accept")):
        return
    raise SimpleRequest(
        "a link or an image of any page could have sent this",
        field="Sec-Fetch-Mode",
        value=(mode or b"").decode("latin-1"),
        remedy=f"send Accept: {_RESPONSE}, or the header GraphQL-Require-Preflight: 1, or POST",
    )


def _names_json(accept: bytes | None) -> bool:
    return accept is not None and bool({_JSON, _RESPONSE} & dict(_accepted(accept)).keys())


def _accepted(header: bytes) -> Iterator[tuple[str, float]]:
    """Yield what a header accepts, and how much it wants it, 0 to 1."""
    for entry in header.decode("latin-1").lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        given = dict(_parameter(each) for each in parameters)
        if given.get("charset", "").strip('"') in _UTF8:
            yield kind, _weight(given.get("q", "1"))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
