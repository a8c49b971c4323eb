"""GraphQL over server-sent events: the protocol `graphql-sse`, a connection for each operation.

Source: github.com/enisdenjo/graphql-sse, PROTOCOL.md, distinct connections mode. What refuses an
operation is sent as its only result, because browsers show nothing of a reply with another status.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson

from api.asked import Asked
from api.http import Stream
from api.live.operations import Operations, Payload, broken
from api.negotiation import EVENTS
from api.refusal import Refused

_HEADERS = (
    (b"content-type", EVENTS + b"; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep it until there is more
)
_ALIVE_EVERY = 12.0
"""Seconds; proxies close what is silent for longer."""


def events(operations: Operations, asked: Asked) -> Stream:
    """Return the reply to a request that asks for events."""
    return Stream(200, _alive(_events(operations, asked)), _HEADERS)


async def _events(operations: Operations, asked: Asked) -> AsyncGenerator[bytes, None]:
    yield b":\n\n"  # so that the headers go out, and the client knows that it is connected
    try:
        async with aclosing(operations.results(asked)) as results:
            async for result in results:
                yield _next(result)
    except Refused as refused:
        yield _next({"errors": refused.errors})
    except Exception as error:  # noqa: BLE001 - the last net, as in `socket`
        yield _next({"errors": [broken(error)]})
    yield b"event: complete\ndata:\n\n"


def _next(result: Payload) -> bytes:
    return b"event: next\ndata: %b\n\n" % orjson.dumps(result)


async def _alive(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the chunks, and a comment where there is none for a while."""
    async with aclosing(chunks):
        waiting = asyncio.ensure_future(anext(chunks))
        try:
            while True:
                done, _ = await asyncio.wait([waiting], timeout=_ALIVE_EVERY)
                if not done:
                    yield b":\n\n"
                    continue
                try:
                    chunk = waiting.result()
                except StopAsyncIteration:
                    return
                yield chunk
                waiting = asyncio.ensure_future(anext(chunks))
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
