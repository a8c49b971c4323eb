"""GraphQL over a WebSocket: the protocol `graphql-transport-ws`.

Source: github.com/enisdenjo/graphql-ws, PROTOCOL.md. A client that breaks the protocol is sent away
with the code that stands there; what is wrong with one operation ends that operation only.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from typing import Any

import orjson

from api.asked import understood
from api.http import Asgi, Receive, Scope, Send
from api.live.operations import Operations, Payload, broken
from api.refusal import Refused, bad_request_body
from attune.errors import BadRequest
from attune.settings import Live

PROTOCOL = "graphql-transport-ws"
_INIT_WITHIN = 10.0
"""Seconds from the handshake to `connection_init`."""
_SEND_WITHIN = 60.0
"""Seconds that one message may take to leave us; then its reader is as good as gone."""


class _Broken(Exception):
    """The client does not keep to the protocol, or is too slow."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Gone(Exception):
    """The client has closed the connection."""


class Socket:
    """One connection; each operation of it runs in a task of its own."""

    def __init__(
        self, receive: Receive, send: Send, operations: Operations, settings: Live
    ) -> None:
        self._receive = receive
        self._send = send
        self._operations = operations
        self._settings = settings
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()

    async def serve(self, protocols: Collection[str]) -> None:
        """Accept the connection and serve it until either side has had enough."""
        await self._receive()  # websocket.connect
        fits = PROTOCOL in protocols
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL if fits else None})
        if not fits:
            await self._close(4406, "Subprotocol not acceptable")
            return
        try:
            await self._begin()
            while True:
                await self._take(await self._message())
        except _Broken as error:
            await self._close(error.code, error.reason)
        except _Gone:
            return
        finally:
            await self._end_all()

    async def _begin(self) -> None:
        """Wait for `connection_init` and acknowledge it."""
        try:
            async with asyncio.timeout(_INIT_WITHIN):
                while (message := await self._message())["type"] != "connection_init":
                    if message["type"] == "subscribe":
                        raise _Broken(4401, "Unauthorized")
                    await self._heartbeat(message)
        except TimeoutError:
            raise _Broken(4408, "Connection initialisation timeout") from None
        if not isinstance(message.get("payload"), dict | None):
            raise _Broken(4400, "The payload of connection_init is not an object")
        await self._say({"type": "connection_ack"})

    async def _message(self) -> Mapping[str, Any]:
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise _Gone
        text = received.get("text")
        if text is None:
            raise _Broken(4400, "Messages are text")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Broken(4400, "Messages are JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Broken(4400, "A message is an object with a type")
        return message

    async def _take(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "subscribe":
            await self._start(message)
        elif kind == "complete":
            if task := self._running.pop(_id(message), None):
                task.cancel()
        elif kind == "connection_init":
            raise _Broken(4429, "Too many initialisation requests")
        else:
            await self._heartbeat(message)

    async def _heartbeat(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "ping":
            await self._say({**message, "type": "pong"})
        elif message["type"] != "pong":
            raise _Broken(4400, f"There is no message type {message['type'][:50]}")

    async def _start(self, message: Mapping[str, Any]) -> None:
        number = _id(message)
        asked = message.get("payload")
        if not isinstance(asked, dict):
            raise _Broken(4400, "The payload of subscribe is an object with a query")
        if number in self._running:
            raise _Broken(4409, f"Subscriber for {number[:50]} already exists")
        most = self._settings.per_connection
        if len(self._running) >= most:
            await self._say({"id": number, "type": "error", "payload": [_too_many(most)]})
            return
        self._running[number] = asyncio.create_task(self._run(number, asked))

    async def _run(self, number: str, asked: Mapping[str, Any]) -> None:
        """Send the results of one operation, then that it is complete."""
        last: Payload = {"id": number, "type": "complete"}
        try:
            async with aclosing(self._operations.results(understood(asked))) as results:
                async for result in results:
                    await self._say({"id": number, "type": "next", "payload": result})
        except BadRequest as error:
            last = {"id": number, "type": "error", "payload": [bad_request_body(error)]}
        except Refused as refused:
            last = {"id": number, "type": "error", "payload": refused.errors}
        except _Gone:
            return
        except _Broken as error:
            await self._close(error.code, error.reason)
            return
        except Exception as error:  # noqa: BLE001 - the last net: the client must not wait for ever
            last = {"id": number, "type": "error", "payload": [broken(error)]}
        if self._running.get(number) is asyncio.current_task():
            del self._running[number]  # its id may be used again as soon as we have said so
            await self._say(last)

    async def _say(self, message: Payload) -> None:
        """Send; waits where the client does not read, so that nothing piles up here."""
        try:
            async with asyncio.timeout(_SEND_WITHIN), self._sending:
                await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
        except TimeoutError:
            raise _Broken(1013, "Too slow") from None
        except (OSError, RuntimeError) as error:  # whatever a server says when it is closed
            raise _Gone from error

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
        except (OSError, RuntimeError):
            return  # it is

    async def _end_all(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _id(message: Mapping[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise _Broken(4400, "The id of an operation is text")
    return found


def _too_many(most: int) -> Payload:
    return {
        "message": f"there are {most} operations on this connection already",
        "extensions": {"code": "TOO_MANY_OPERATIONS", "remedy": "complete one, or connect again"},
    }


def serving(operations: Operations, settings: Live) -> Asgi:
    """Return what serves a WebSocket."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await Socket(receive, send, operations, settings).serve(scope["subprotocols"])

    return serve
