"""An HTTP client that costs next to nothing, so that the load does not wait for itself.

httpx spends a millisecond on a request and more with every open connection: at a few hundred
requests a second it would measure its own queue. This one knows what our API answers: HTTP/1.1
with a Content-Length, connections kept open.
"""

import asyncio
import base64
import time
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from harness import BenchmarkFailed

OK = 200
_FRESH = 2.0  # seconds; our API closes what is idle for five


class Reply(NamedTuple):
    """Status and body."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: float = 0.0

    async def exchange(self, request: bytes) -> Reply:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        reply = Reply(int(head[9:12]), await self.reader.readexactly(length))
        self.used = time.monotonic()
        return reply


class Client:
    """Posts JSON, each request on a connection of its own while it is under way."""

    def __init__(self, host: str, port: int, write_key: str) -> None:
        self._address = (host, port)
        self._idle: list[_Connection] = []
        secret = base64.b64encode(f"{write_key}:".encode()).decode()
        self._head = (
            f"host: {host}:{port}\r\nauthorization: Basic {secret}\r\n"
            "content-type: application/json\r\ncontent-length: "
        )

    async def post(self, path: str, value: object) -> Reply:
        """Return the answer to a POST of `value` as JSON."""
        body = msgspec.json.encode(value)
        request = f"POST {path} HTTP/1.1\r\n{self._head}{len(body)}\r\n\r\n".encode() + body
        connection = await self._connection()
        try:
            reply = await connection.exchange(request)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise BenchmarkFailed(f"POST {path}: no answer ({error})") from error
        self._idle.append(connection)
        return reply

    async def _connection(self) -> _Connection:
        while self._idle and self._idle[0].used < time.monotonic() - _FRESH:
            self._idle.pop(0).writer.close()
        if self._idle:
            return self._idle.pop()
        return _Connection(*await asyncio.open_connection(*self._address))

    async def close(self) -> None:
        """Close the connections; none may be in use."""
        for connection in self._idle:
            connection.writer.close()
            await connection.writer.wait_closed()
