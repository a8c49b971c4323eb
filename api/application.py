"""The thin ASGI front that the collector and GraphQL sit on: routes, errors, lifespan."""

import asyncio
import difflib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from api.http import (
    Asgi,
    Disconnected,
    Handler,
    Headers,
    Receive,
    Request,
    Response,
    Routes,
    Scope,
    Send,
    Sockets,
    Stream,
    reply,
)
from api.stopping import before_stop
from attune.errors import BadRequest, Unavailable

# Any page may call us, because no cookie is ever asked for: a key or a signed token in the request
# says who is calling.
_CROSS_ORIGIN: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
)
_PREFLIGHT_SECONDS = b"7200"  # the longest that Chromium keeps an answer
_LONGEST_PATH = 100

log = structlog.get_logger()


class NotFound(BadRequest):
    """No such path."""

    status = 404
    code = "not_found"


class MethodNotAllowed(BadRequest):
    """The path exists, but not for this method."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, request: Request, allowed: Sequence[str]) -> None:
        super().__init__(
            f"{request.path} does not take this method",
            field="method",
            value=request.method,
            remedy=f"send {' or '.join(allowed)}",
        )
        self.allowed = ", ".join(allowed).encode()


@dataclass(frozen=True, slots=True)
class Application:
    """Finds the handler of a request, and turns each error into the reply that its caller needs.

    `routes` holds whole paths, `prefixes` the beginnings of paths (a folder of files); the longest
    beginning wins, and a whole path wins over any.
    """

    routes: Routes
    prefixes: Routes = field(default_factory=dict)
    sockets: Sockets = field(default_factory=dict)
    streaming: set[asyncio.Task[None]] = field(default_factory=set)
    """Replies that are under way piece by piece; `stop` ends them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] == "websocket":
            await self.sockets.get(scope["path"], _no_socket)(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Disconnected:
            return
        if isinstance(response, Stream):
            await self._stream(receive, send, response)
        else:
            await _send(send, response, with_body=request.method != "HEAD")

    def stop(self) -> None:
        """End what would go on for ever: the server is about to."""
        for task in self.streaming:
            task.cancel()

    async def _stream(self, receive: Receive, send: Send, response: Stream) -> None:
        """Send until there is no more, the client goes away, or we stop."""
        sending = asyncio.create_task(_send_chunks(send, response))
        gone = asyncio.create_task(_gone(receive))
        self.streaming.add(sending)
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            self.streaming.discard(sending)

    async def _answer(self, request: Request) -> Response | Stream:
        try:
            handler = self.routes.get((request.method, request.path))
            return await (handler or self._other(request))(request)
        except BadRequest as error:
            return _refusal(error)
        except Unavailable as error:
            return _unavailable(error)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  # the last net: the caller gets JSON in any case
            return _broken(request, error)

    def _other(self, request: Request) -> Handler:
        """Return the handler of a request that no whole path names.

        Raises:
            NotFound: no route has this path.
            MethodNotAllowed: one has, but not for this method.
        """
        method = "GET" if request.method == "HEAD" else request.method
        handler = self.routes.get((method, request.path)) or self._prefixed(method, request.path)
        if handler:
            return handler
        allowed = self._methods(request.path)
        if not allowed:
            raise self._not_found(request.path)
        if method == "OPTIONS":
            return _preflight(allowed)
        raise MethodNotAllowed(request, allowed)

    def _prefixed(self, method: str, path: str) -> Handler | None:
        fitting = [key for key in self.prefixes if key[0] == method and path.startswith(key[1])]
        return self.prefixes[max(fitting, key=lambda key: len(key[1]))] if fitting else None

    def _methods(self, path: str) -> list[str]:
        exact = {method for method, known in self.routes if known == path}
        return sorted(exact | {method for method, start in self.prefixes if path.startswith(start)})

    def _not_found(self, path: str) -> NotFound:
        known = sorted({path for _, path in (*self.routes, *self.prefixes)})
        near = difflib.get_close_matches(path[:_LONGEST_PATH], known, n=3)
        return NotFound(
            "there is nothing at this path",
            field="path",
            value=path,
            remedy=f"did you mean {' or '.join(near)}?" if near else "check the path",
        )


def serve_within(
    opened: Callable[[], AbstractAsyncContextManager[Application]],
) -> Asgi:
    """Return the ASGI callable of an application that lives as long as its services.

    They are opened when the server starts and closed when it stops (ASGI's lifespan); a start that
    fails stops the server with the error's message.
    """
    application: Application | None = None

    async def lifespan(receive: Receive, send: Send) -> None:
        nonlocal application
        await receive()
        try:
            async with opened() as application:
                with before_stop(application.stop):
                    await send({"type": "lifespan.startup.complete"})
                    await receive()
        except Exception as error:
            outcome = "shutdown" if application else "startup"
            await send({"type": f"lifespan.{outcome}.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif application is None:
            raise RuntimeError("the server must run the lifespan protocol: uvicorn --lifespan on")
        else:
            await application(scope, receive, send)

    return asgi


def _refusal(error: BadRequest) -> Response:
    headers = ((b"allow", error.allowed),) if isinstance(error, MethodNotAllowed) else ()
    return reply(error.status, {"error": error.as_json()}, headers)


def _unavailable(error: Unavailable) -> Response:
    log.warning("unavailable", what=error.what, reason=error.reason)
    body = {
        "error": {
            "code": "unavailable",
            "message": f"{error.what} is unavailable",
            "remedy": f"send the same again in {error.retry_after} s",
        }
    }
    return reply(503, body, ((b"retry-after", b"%d" % error.retry_after),))


def _broken(request: Request, error: Exception) -> Response:
    """Return a reply that tells nothing of the inside but the id under which the log tells all."""
    incident = uuid4().hex
    where = f"{request.method} {request.path}"
    log.error("request failed", incident=incident, request=where, exc_info=error)
    message = "something broke on our side"
    remedy = "send the same again; if it stays, report the incident"
    body = {"code": "internal", "message": message, "incident": incident, "remedy": remedy}
    return reply(500, {"error": body})


def _preflight(allowed: Sequence[str]) -> Handler:
    async def answer(request: Request) -> Response:
        asked = request.header(b"access-control-request-headers") or b""
        methods = ", ".join(allowed).encode()
        headers = (
            (b"allow", methods),
            (b"access-control-allow-methods", methods),
            # Not "*": that does not cover Authorization.
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        )
        return Response(200, headers=headers)

    return answer


async def _no_socket(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "websocket.close"})


async def _send_chunks(send: Send, response: Stream) -> None:
    headers = (*response.headers, *_CROSS_ORIGIN)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    try:
        async with aclosing(response.chunks) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        await send({"type": "http.response.body"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, response: Response, *, with_body: bool) -> None:
    size = (b"content-length", b"%d" % len(response.body))
    headers = (*response.headers, size, *_CROSS_ORIGIN)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
