"""A proxy in front of a server that holds replies back, cuts them, or speaks TLS."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes on; counts connections, and the pieces in which commands came."""

    def __init__(self, target: int, chance: random.Random | None) -> None:
        self._target = target
        self._chance = chance
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._left: int | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Task[None]] = []
        self.port = 0
        self.connections = 0
        self.commands = 0

    def stall(self, after: int = 0) -> None:
        """Hold replies back after so many more bytes of them."""
        self._left = after
        if not after:
            self._flowing.clear()

    def resume(self) -> None:
        """Let everything through again, what was held back first."""
        self._left = None
        self._flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one connection brings, until either end or the test is over."""
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._serving.append(task)
        with suppress(asyncio.CancelledError):
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, back]
        with suppress(OSError):
            await asyncio.gather(self._commands(reader, back), self._replies(there, writer))

    async def _commands(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.commands += 1
            back.write(data)
            await back.drain()
        back.close()

    async def _replies(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(self._size()):
            while data:
                await self._flowing.wait()
                now = data[: self._left]
                data = data[len(now) :]
                if self._left is not None:
                    self._left -= len(now)
                    if not self._left:
                        self._flowing.clear()
                writer.write(now)
                await writer.drain()
        writer.close()

    def _size(self) -> int:
        return self._chance.randint(1, 200) if self._chance else 65_536

    async def close(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)


@asynccontextmanager
async def proxy(
    target: int, *, tls: ssl.SSLContext | None = None, chance: random.Random | None = None
) -> AsyncIterator[Proxy]:
    """A proxy in front of the server at a port; with `chance` replies come in small pieces."""
    made = Proxy(target, chance)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.close()
