"""ClickHouse over HTTP: what is sent, and what becomes of each answer; and what only its SQL does.

That the SQL answers as the files do is in tests/contract/test_archive.py.
"""

import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from embedded_clickhouse import EmbeddedClickHouse, embedded_clickhouse
from making import NOON, event, shopped, taken
from pydantic import HttpUrl

from attune.adapters.archive import clickhouse_sql
from attune.adapters.archive.arrow_stream import rows_in
from attune.adapters.archive.clickhouse import ClickHouseArchive
from attune.adapters.archive.clickhouse_http import open_clickhouse
from attune.adapters.archive.rows import SCHEMA
from attune.adapters.archive.store import ArchiveStore, open_archive
from attune.errors import ConfigurationError, Unavailable
from attune.settings import Archive, Settings

LOCAL = pytest.mark.enable_socket  # of this machine only
OURS = {"X-ClickHouse-Query-Id": "q-1"}


@dataclass
class Request:
    parameters: dict[str, str]
    user: str | None
    password: str | None
    body: bytes

    @property
    def statement(self) -> str:
        return self.parameters.get("query") or self.body.decode()


@dataclass
class Server:
    """Answers as told, or as ClickHouse's engine does, and remembers what it was sent."""

    port: int = 0
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: dict(OURS))
    length: int | None = None
    engine: EmbeddedClickHouse | None = None
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> bytes:
        if self.engine is None:
            return self.body
        if request.parameters.get("default_format"):
            return b"".join(self.engine.stream(request.statement))
        self.engine.run(request.statement, request.body if "query" in request.parameters else None)
        return b""

    @property
    def address(self) -> str:
        return f"http://me:p%40ss@127.0.0.1:{self.port}/shop"


@contextmanager
def serving() -> Iterator[Server]:
    fake = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            names = {key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()}
            user, password = self.headers["X-ClickHouse-User"], self.headers["X-ClickHouse-Key"]
            fake.requests.append(Request(names, user, password, sent))
            body = fake.answer(fake.requests[-1])
            self.send_response(fake.status)
            for name, value in fake.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(fake.length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as fake:
        yield fake


@contextmanager
def archive(server: Server) -> Iterator[ArchiveStore]:
    settings = Settings(_env_file=None, archive=Archive(clickhouse=HttpUrl(server.address)))
    with open_archive(settings) as opened:
        yield opened


@LOCAL
def test_a_batch_is_one_insert_of_parquet_and_then_how_far_it_reaches(server: Server) -> None:
    batch = taken(event(), shopped("purchased"))
    with archive(server) as kept:
        kept.write(batch)
        kept.write(batch)

    created, (insert, reached), (again, _) = (
        server.requests[:2],
        server.requests[2:4],
        server.requests[4:],
    )
    assert [one.statement.split("(")[0].split()[:5] for one in created] == [
        ["CREATE", "TABLE", "IF", "NOT", "EXISTS"]
    ] * 2
    assert insert.statement.startswith("INSERT INTO attune_events (`id`, `type`,")
    assert insert.statement.endswith("FORMAT Parquet")
    assert "async_insert = 0" in insert.statement
    assert pq.read_table(io.BytesIO(insert.body)).schema.names == SCHEMA.names
    assert pq.read_table(io.BytesIO(insert.body)).num_rows == 2
    assert reached.statement.endswith(
        "VALUES ('events.behavioral', 0, 0), ('events.transactional', 0, 0)"
    )
    assert again == insert  # and so is the token, by which the server knows it
    assert "insert_deduplication_token = '" in insert.statement
    assert {(one.user, one.password) for one in server.requests} == {("me", "p@ss")}
    assert {one.parameters["database"] for one in server.requests} == {"shop"}
    assert {one.parameters["wait_end_of_query"] for one in server.requests} == {"1"}


@LOCAL
def test_over_http_the_archive_is_what_it_is_within_the_process(server: Server) -> None:
    history = taken(*(event(at=NOON + timedelta(days=40 * n)) for n in range(5)))
    with embedded_clickhouse() as engine, archive(server) as kept:
        server.engine = engine
        kept.write(history)

        assert list(kept.taken()) == history
        assert kept.reached() == {("events.behavioral", 0): 4}
        assert [day.events for day in kept.days()] == [1] * 5


@LOCAL
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, "241", Unavailable),  # memory limit
        (500, "252", Unavailable),  # too many parts: merges are behind
        (503, "", Unavailable),
        (429, "", Unavailable),
        (500, "497", ConfigurationError),  # not enough privileges
        (403, "516", ConfigurationError),
        (404, "81", ConfigurationError),
        (400, "47", ConfigurationError),  # a table of that name with other columns
    ],
)
def test_what_passes_is_waited_for_and_what_does_not_is_said(
    server: Server, status: int, code: str, error: type[Exception]
) -> None:
    server.status, server.body = status, b"Code: 1. DB::Exception: the reason.\n"
    server.headers["X-ClickHouse-Exception-Code"] = code

    with archive(server) as kept:
        for act in (lambda: kept.write(taken(event())), lambda: list(kept.events()), kept.reached):
            with pytest.raises(error, match="the reason") as raised:
                act()
            assert "p@ss" not in str(raised.value)
            if error is ConfigurationError:
                assert "ATTUNE_ARCHIVE__CLICKHOUSE" in str(raised.value)


@LOCAL
def test_a_server_that_is_away_is_waited_for(server: Server) -> None:
    server.port = 1
    with archive(server) as kept:
        with pytest.raises(Unavailable, match=r"ClickHouse at http://127\.0\.0\.1:1"):
            kept.write(taken(event()))
        with pytest.raises(Unavailable):
            list(kept.events())


@LOCAL
def test_another_program_at_the_address_is_not_taken_for_an_archive(server: Server) -> None:
    server.headers, server.body = {}, b"<html>welcome</html>"

    with archive(server) as kept, pytest.raises(ConfigurationError, match="it is not ClickHouse"):
        kept.write(taken(event()))


def stream(rows: int) -> bytes:
    sink = io.BytesIO()
    batch = pa.record_batch({"n": list(range(rows))})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(2):
            writer.write_batch(batch)
    return sink.getvalue()


def test_an_answer_is_read_as_it_arrives() -> None:
    whole = stream(50)
    came: list[int] = []

    def arriving() -> Iterator[bytes]:
        for start in range(0, len(whole), 7):
            came.append(start)
            yield whole[start : start + 7]

    rows = rows_in(arriving())
    next(rows)
    assert len(came) * 7 < len(whole)
    assert len(list(rows)) == 99


@pytest.mark.parametrize("end", [8, 200, 300, 700])
def test_an_answer_that_broke_off_is_not_taken_for_the_whole(end: int) -> None:
    whole = stream(50)

    with pytest.raises(Unavailable, match="broke off"):
        list(rows_in(iter([whole[:-end]])))


@LOCAL
def test_a_connection_that_broke_off_is_said(server: Server) -> None:
    server.body = stream(50)
    server.length = len(server.body) + 1

    with open_clickhouse(HttpUrl(server.address)) as opened, pytest.raises(Unavailable):
        list(opened.stream("SELECT 1"))


def test_what_is_inserted_again_is_one_row_once_parts_are_merged() -> None:
    late, early = event(id="m", received_at=NOON + timedelta(hours=1)), event(id="m")
    history = taken(late, early, event("bob"))
    with embedded_clickhouse() as server:
        kept = ClickHouseArchive(server)
        for batch in (history, history[1:], history[:2], history[::-1]):
            kept.write(batch)
        server.run("OPTIMIZE TABLE attune_events FINAL")
        (stored,) = rows_in(
            server.stream(f"SELECT count() AS n FROM {clickhouse_sql.EVENTS_TABLE}")
        )

        assert stored["n"] == 3  # both copies of m: a reader up to an offset may need either
        assert len(list(kept.taken())) == 2
        assert kept.reached() == {("events.behavioral", 0): 2}


def test_a_batch_of_very_many_months_is_one_insert() -> None:
    history = taken(*(event(at=NOON - timedelta(days=31 * n)) for n in range(150)))
    with embedded_clickhouse() as server:
        kept = ClickHouseArchive(server)
        kept.write(history)

        assert len(list(kept.taken())) == 150


def test_every_column_of_the_files_is_one_of_the_table() -> None:
    with embedded_clickhouse() as server:
        ClickHouseArchive(server).write(taken(event()))
        described = rows_in(server.stream("DESCRIBE TABLE attune_events"))

        assert [row["name"] for row in described] == SCHEMA.names


@pytest.mark.parametrize("value", ["it's", "back\\slash", "\\'; DROP TABLE x --", "\n\t\0", "é😀"])
def test_a_text_is_a_text_whatever_is_in_it(value: str) -> None:
    with embedded_clickhouse() as server:
        (row,) = rows_in(server.stream(f"SELECT {clickhouse_sql.text(value)} AS said"))

    assert row["said"] == value
