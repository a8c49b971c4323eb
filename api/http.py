"""A request and a response over ASGI: what a handler takes, and what it returns."""

import zlib
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    MutableMapping,
)
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import orjson

from attune.errors import BadRequest, TooLarge

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Sockets = Mapping[str, Asgi]
"""path -> what serves a WebSocket there."""
Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)
_LONGEST_LENGTH = 15  # digits; a body of 1e15 bytes is above any limit
_MOST_PARAMETERS = 100
_GZIP = 16 + zlib.MAX_WBITS  # zlib's way of saying: gzip's header and trailer, largest window


class UnsupportedEncoding(BadRequest):
    """A Content-Encoding that we do not read."""

    status: ClassVar[int] = 415
    code = "unsupported_encoding"


class Disconnected(Exception):
    """The client went away in the middle of its body; there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back, whole."""

    status: int
    body: bytes = b""
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """What goes back piece by piece, until it ends or the client goes away."""

    status: int
    chunks: AsyncGenerator[bytes, None]
    headers: Headers = ()


class Request:
    """What came in; the body is read when a handler asks for it, and only up to its limit."""

    __slots__ = ("_headers", "_query", "_receive", "method", "path")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        self._query: bytes = scope["query_string"]
        self._receive = receive

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of this lower-case name."""
        for key, value in self._headers:
            if key == name:
                return value
        return None

    @property
    def query_size(self) -> int:
        """Bytes behind the `?`."""
        return len(self._query)

    def query(self) -> dict[str, str]:
        """Return the parameters behind the `?`; of a repeated one the last counts.

        Raises:
            BadRequest: there are more than anybody needs.
        """
        query = self._query.decode("latin-1")
        if query.count("&") > _MOST_PARAMETERS:
            raise BadRequest(
                f"the address has more than {_MOST_PARAMETERS} parameters",
                remedy="send those that are known here",
            )
        return dict(parse_qsl(query, keep_blank_values=True))

    async def body(self, limit: int) -> bytes:
        """Return the body, unpacked where it is gzip.

        Raises:
            TooLarge: more than `limit` bytes, packed or unpacked; no more than that is read.
            BadRequest: broken gzip, or another Content-Encoding.
        """
        length = self.header(b"content-length")
        if length and _exceeds(length, limit):
            raise _too_large(limit)
        raw = await self._read(limit)
        encoding = self.header(b"content-encoding")
        if encoding is None or encoding.lower() == b"identity":
            return raw
        if encoding.lower() not in (b"gzip", b"x-gzip"):
            raise UnsupportedEncoding(
                "the Content-Encoding is not known here",
                field="Content-Encoding",
                value=encoding.decode("latin-1"),
                remedy="send the body as it is, or packed with gzip",
            )
        return _gunzip(raw, limit)

    async def _read(self, limit: int) -> bytes:
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


Handler = Callable[[Request], Awaitable[Response | Stream]]
Routes = Mapping[tuple[str, str], Handler]
"""(method, path) -> handler; the path without a query."""


def reply(status: int, value: object, headers: Headers = ()) -> Response:
    """Return the value as JSON."""
    return Response(status, orjson.dumps(value), JSON + headers)


def _exceeds(length: bytes, limit: int) -> bool:
    """Say whether a Content-Length is above the limit; one that is no number is not."""
    return length.isdigit() and (len(length) > _LONGEST_LENGTH or int(length) > limit)


def _gunzip(packed: bytes, limit: int) -> bytes:
    """Return what was packed; unpacking stops just above the limit, so a bomb does not go off."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise _broken_gzip(str(error)) from error
    if len(body) > limit:
        raise _too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise _broken_gzip("it ends too early, or something follows it")
    return body


def _broken_gzip(reason: str) -> BadRequest:
    return BadRequest(
        f"the body is not gzip, as its Content-Encoding says: {reason}",
        field="Content-Encoding",
        value="gzip",
        remedy="pack the whole body once, or leave the header out",
    )


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body has more than {limit:,} bytes", remedy=f"send at most {limit:,} bytes"
    )
