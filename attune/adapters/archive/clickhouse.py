"""The archive in ClickHouse: for more than files on one disk can hold, or one DuckDB can read."""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Protocol

import pyarrow.parquet as pq

from attune.adapters.archive import clickhouse_sql as sql
from attune.adapters.archive.arrow_stream import rows_in
from attune.adapters.archive.reached import TopicPartition, ends_of
from attune.adapters.archive.reader import Kept
from attune.adapters.archive.rows import table_of, taken_of
from attune.collect.event import Event
from attune.ids import ProfileId
from attune.ports import Taken
from attune.stream import EVENTS


class Server(Protocol):
    """One database of ClickHouse."""

    def run(self, statement: str, body: bytes | None = None) -> None:
        """Return when the statement, followed by its data, is done.

        Raises:
            Unavailable: the server is away, or has not the means just now; again will do.
            ConfigurationError: it refuses us.
        """

    def stream(self, query: str) -> Iterator[bytes]:
        """Yield the answer in Arrow's format of streams; raises as `run`, also on the way."""


class ClickHouseArchive:
    """See `ArchiveStore`; the tables are made when they are first needed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._prepared = False

    def write(self, batch: Sequence[Taken]) -> None:
        """See `ArchiveStore.write`."""
        if not batch:
            return
        self._prepare()
        ordered = sorted(batch, key=lambda taken: taken.position)
        file = io.BytesIO()
        pq.write_table(table_of(ordered), file, compression="zstd")
        body = file.getvalue()
        # Of the content, not of the offsets: the same offsets may once hold more, when a newer
        # decoder reads what an older one put aside.
        self._server.run(sql.insert(sha256(body).hexdigest()), body)
        self._server.run(sql.advance(ends_of(taken.position for taken in batch)))

    def events(
        self,
        *,
        until: datetime | None = None,
        profiles: Collection[ProfileId] | None = None,
        topics: Collection[str] = EVENTS,
    ) -> Iterator[Event]:
        """See `ArchiveStore.events`."""
        for taken in self.taken(until=until, profiles=profiles, topics=topics):
            yield taken.event

    def taken(
        self,
        *,
        upto: Mapping[TopicPartition, int] | None = None,
        until: datetime | None = None,
        profiles: Collection[ProfileId] | None = None,
        topics: Collection[str] = EVENTS,
    ) -> Iterator[Taken]:
        """See `ArchiveStore.taken`."""
        yield from map(taken_of, self._rows(sql.taken(upto, until, profiles, topics)))

    def reached(self) -> dict[TopicPartition, int]:
        """See `ArchiveStore.reached`."""
        rows = self._rows(sql.REACHED)
        return {(row["topic"], row["partition"]): row["reached"] for row in rows}

    def days(self) -> list[Kept]:
        """See `ArchiveStore.days`; what is told of files is told of parts."""
        return [
            Kept(date.fromisoformat(row["day"]), row["files"], row["bytes"], row["events"])
            for row in self._rows(sql.DAYS)
        ]

    def _rows(self, query: str) -> Iterator[Mapping[str, Any]]:
        self._prepare()
        yield from rows_in(self._server.stream(query))

    def _prepare(self) -> None:
        if not self._prepared:
            for statement in sql.CREATE:
                self._server.run(statement)
            self._prepared = True
