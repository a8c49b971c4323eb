"""Rows out of an answer in Arrow's stream format, as its bytes arrive."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from attune.errors import Unavailable

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""How a stream ends. Arrow reads one that breaks off as if it had ended there."""


def rows_in(chunks: Iterator[bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield row by row; what is in memory is one batch of the server's.

    Raises:
        Unavailable: the answer broke off; nothing tells what was missing.
    """
    source = _Source(chunks)
    try:
        with pa.ipc.open_stream(io.BufferedReader(source)) as reader:
            for batch in reader:
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Unavailable("the archive in ClickHouse", f"its answer broke off: {error}") from error
    if source.last != _END:
        raise Unavailable("the archive in ClickHouse", "its answer broke off")


class _Source(io.RawIOBase):
    """A file over chunks of bytes that remembers the last few of them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""
        self.last = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as its base has it
        """Fill the buffer, or a part of it."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
            self.last = (self.last + chunk[-len(_END) :])[-len(_END) :]
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
