"""ClickHouse without a server: chdb is its engine as a library, so the SQL is judged by itself."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from chdb.session import Session


class EmbeddedClickHouse:
    """A `Server` in this process: statements as the HTTP interface gets them."""

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self._folder = folder

    def run(self, statement: str, body: bytes | None = None) -> None:
        if body is not None:
            # Over HTTP the data follow the statement; here they lie in a file.
            file = self._folder / f"{uuid4().hex}.parquet"
            file.write_bytes(body)
            statement = statement.replace(") SETTINGS", f") FROM INFILE '{file}' SETTINGS", 1)
        self._session.query(statement)

    def stream(self, query: str) -> Iterator[bytes]:
        yield self._session.query(query, "ArrowStream").bytes()


@contextmanager
def embedded_clickhouse() -> Iterator[EmbeddedClickHouse]:
    """Yield an empty database; the engine starts once a process, and can do so only once."""
    session, folder = _engine()
    name = f"d{uuid4().hex}"
    session.query(f"CREATE DATABASE {name}")
    session.query(f"USE {name}")
    try:
        yield EmbeddedClickHouse(session, folder)
    finally:
        session.query(f"DROP DATABASE {name}")


@cache
def _engine() -> tuple[Session, Path]:
    folder = TemporaryDirectory()
    session = Session(f"{folder.name}/clickhouse")
    atexit.register(folder.cleanup)
    atexit.register(session.close)  # goes first
    return session, Path(folder.name)
