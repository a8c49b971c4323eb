"""A load that never waits for itself: so many connections, each asks again when it is answered.

It costs the core it runs on about ten microseconds a request, a tenth of what an answer costs the
measured one, so the server is what is measured. It knows what our contenders answer: HTTP/1.1 with
a Content-Length, connections kept open.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple, cast

from harness import BenchmarkFailed

_LENGTH = b"content-length: "
_END = b"\r\n\r\n"
_WARM = 0.3
"""Of a turn: until then nothing is counted."""


class Load(NamedTuple):
    """What one turn showed."""

    rate: float
    """Requests a second."""
    latencies: list[float]
    """Seconds, in rising order."""

    def percentile(self, share: float) -> float:
        """Return a latency in milliseconds."""
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)] * 1e3


class _Asker(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], spent: list[tuple[float, float]]) -> None:
        self._requests = requests
        self._spent = spent
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._needed = 0
        self._asked = 0.0
        self.gone = asyncio.get_running_loop().create_future()
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        assert self._transport  # noqa: S101 - made by now
        request = next(self._requests, None)
        if request is None:
            self.stopping = True
            self._transport.close()
            return
        self._asked = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting
        waiting += data
        if not self._needed:
            end = waiting.find(_END)
            if end < 0:
                return
            head = bytes(waiting[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                self._fail(f"answered {bytes(waiting[:200])!r}")
                return
            start = head.index(_LENGTH) + len(_LENGTH)
            self._needed = end + len(_END) + int(head[start:].split(b"\r\n", 1)[0])
        if len(waiting) < self._needed:
            return
        waiting.clear()
        self._needed = 0
        now = time.perf_counter()
        self._spent.append((now, now - self._asked))
        if self.stopping:
            assert self._transport  # noqa: S101 - as above
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            if self.stopping:
                self.gone.set_result(None)
            else:
                self._fail(f"connection lost: {exc}")

    def _fail(self, why: str) -> None:
        if not self.gone.done():
            self.gone.set_exception(BenchmarkFailed(why))


async def load(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    seconds: float = 600.0,
    most: int | None = None,
) -> Load:
    """Ask for some seconds and return what it showed, without the first part of it.

    Or `most` times, within the seconds: then all of it counts.

    Raises:
        BenchmarkFailed: something else than 200 was answered.
    """
    spent: list[tuple[float, float]] = []
    loop = asyncio.get_running_loop()
    asked = cycle(requests) if most is None else islice(cycle(requests), most)
    begun = time.perf_counter()
    askers = []
    for _ in range(connections):
        _, asker = await loop.create_connection(lambda: _Asker(asked, spent), "127.0.0.1", port)
        askers.append(asker)
    done, _ = await asyncio.wait(
        [each.gone for each in askers], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
    )
    for each in done:
        each.result()
    for asker in askers:
        asker.stopping = True
    async with asyncio.timeout(20):
        await asyncio.gather(*(asker.gone for asker in askers))
    if most is not None:
        return Load(len(spent) / (time.perf_counter() - begun), sorted(took for _, took in spent))
    counted = [(at, took) for at, took in spent if begun + seconds * _WARM < at < begun + seconds]
    if not counted:
        raise BenchmarkFailed(f"nothing was answered within {seconds:g} s")
    return Load(len(counted) / (seconds * (1 - _WARM)), sorted(took for _, took in counted))


def post(path: str, body: bytes) -> bytes:
    """Return a POST of JSON as it goes out."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
