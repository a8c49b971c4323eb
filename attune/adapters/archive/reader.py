"""Reads the archive with DuckDB: every event once, in the order in which it happened."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import duckdb

from attune.adapters.archive import reached
from attune.adapters.archive.day import look_at
from attune.adapters.archive.files import PATTERN
from attune.adapters.archive.reached import TopicPartition
from attune.adapters.archive.rows import COLUMNS, taken_of
from attune.adapters.archive.views import once, rows_of, views_over
from attune.adapters.archive.writer import ArchiveWriter
from attune.collect.event import Event
from attune.ids import ProfileId
from attune.ports import Taken
from attune.stream import EVENTS

_BATCH = 10_000
_ORDER = "timestamp, received_at, profile, id"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a day: files that are not on their way out, and events, each once."""

    day: date
    files: int
    bytes: int
    events: int


class Archive:
    """The Parquet files under a folder; none at all is an empty archive."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, batch: Sequence[Taken]) -> None:
        """See `ArchiveStore.write`."""
        ArchiveWriter(self._root).write(batch)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return DuckDB in memory with the views of `views.py`; the caller closes it."""
        database = connect()
        database.execute("SET TimeZone = 'UTC'")
        for view in views_over(self._files()):
            database.execute(view)
        return database

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
        query, parameters = _query(rows_of(self._files()), upto, until, profiles, topics)
        with connect() as database:
            found = database.execute(query, parameters)
            names = [column[0] for column in found.description]
            while rows := found.fetchmany(_BATCH):
                yield from (taken_of(dict(zip(names, row, strict=True))) for row in rows)

    def reached(self) -> dict[TopicPartition, int]:
        """See `ArchiveStore.reached`."""
        return reached.read(self._root)

    def _files(self) -> list[str]:
        """Return the pattern of its files, if there is one at all."""
        return [f"{self._root}/{PATTERN}"] if any(self._root.glob(PATTERN)) else []

    def days(self) -> list[Kept]:
        """See `ArchiveStore.days`; files on their way out are not counted."""
        query = "SELECT day, count(*) FROM events GROUP BY day"
        with self.connection() as database:
            events = dict(database.execute(query).fetchall())
        return [
            Kept(day, len(live), sum(file.bytes for file in live), events[day])
            for day in sorted(events)
            if (live := look_at(self._root, day).live)
        ]


def connect() -> duckdb.DuckDBPyConnection:
    """Return DuckDB in memory, which sorts on the disk what is more than memory holds."""
    # In a folder of its own, which DuckDB makes when needed and removes: files there have no
    # names that two processes would not both use.
    spill = Path(gettempdir(), f"attune-{uuid4().hex}")
    return duckdb.connect(
        config={"threads": 2, "memory_limit": "1GB", "temp_directory": str(spill)}
    )


def _query(
    rows: str,
    upto: Mapping[TopicPartition, int] | None,
    until: datetime | None,
    profiles: Collection[ProfileId] | None,
    topics: Collection[str],
) -> tuple[str, list[Any]]:
    within, parameters = ("true", []) if upto is None else _cut(upto)
    if profiles is not None:  # before repeats are looked for, which are of one profile anyway
        within = f"({within}) AND profile IN (SELECT unnest(?::VARCHAR[]))"
        parameters.append(list(profiles))
    events = once(f"(SELECT * FROM ({rows}) WHERE {within})")  # noqa: S608 - our own names
    query = f"SELECT {', '.join(COLUMNS)} FROM ({events}) WHERE topic IN (SELECT unnest(?))"  # noqa: S608 - as above
    parameters.append(list(topics))
    if until is not None:
        query += " AND timestamp < ?"
        parameters.append(until)
    return f"{query} ORDER BY {_ORDER}", parameters


def _cut(upto: Mapping[TopicPartition, int]) -> tuple[str, list[Any]]:
    within = " OR ".join(['(topic = ? AND "partition" = ? AND "offset" <= ?)'] * len(upto))
    parameters = [
        part for (topic, partition), end in upto.items() for part in (topic, partition, end)
    ]
    return within or "false", parameters
