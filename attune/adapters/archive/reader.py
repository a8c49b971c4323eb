"""Reads the archive with DuckDB: every event once, in the order in which it happened."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from attune.adapters.archive.rows import COLUMNS, SCHEMA, event_of
from attune.adapters.archive.writer import save
from attune.collect.event import Event
from attune.ids import ProfileId
from attune.stream import EVENTS

_BATCH = 10_000

_ONCE = """
    SELECT * FROM {files}
    QUALIFY row_number() OVER (
        PARTITION BY profile, id ORDER BY received_at, topic, "partition", "offset"
    ) = 1
"""
"""Overlapping files repeat an offset, and clients repeat a message id: both are the same profile
and message id, and the one received first counts, as in the stream."""


class Archive:
    """The Parquet files under a folder; none at all is an empty archive."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return DuckDB in memory with the view `events`; the caller closes it."""
        database = duckdb.connect()
        database.execute("SET threads = 2; SET TimeZone = 'UTC'")
        self._view(database, "**/*.parquet")
        return database

    def events(
        self,
        *,
        until: datetime | None = None,
        profiles: Collection[ProfileId] | None = None,
        topics: Collection[str] = EVENTS,
    ) -> Iterator[Event]:
        """Yield what happened before `until` (to these profiles), the oldest first.

        Ties go by the time of receipt, then by profile and message id.
        """
        query = f"SELECT {', '.join(COLUMNS)} FROM events WHERE topic IN (SELECT unnest(?))"  # noqa: S608 - our own column names
        parameters: list[Any] = [list(topics)]
        if until is not None:
            query += " AND timestamp < ?"
            parameters.append(until)
        if profiles is not None:
            query += " AND profile IN (SELECT unnest(?))"
            parameters.append(list(profiles))
        query += " ORDER BY timestamp, received_at, profile, id"
        with self.connection() as database:
            found = database.execute(query, parameters)
            names = [column[0] for column in found.description]
            while rows := found.fetchmany(_BATCH):
                yield from (event_of(dict(zip(names, row, strict=True))) for row in rows)

    def compact(self, day: date) -> Path | None:
        """Make one file of a day's files; None where there is nothing to join.

        A crash leaves old and new files together, which reads the same. Not for the current day
        of a reader: it may find a file gone that it has just listed.
        """
        folder = self._root / f"day={day}"
        old = sorted(folder.glob("*.parquet"))
        if len(old) < 2:  # noqa: PLR2004 - one file is compact
            return None
        names = sha256("\n".join(path.name for path in old).encode()).hexdigest()
        path = folder / f"compact-{names[:16]}.parquet"
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            self._view(database, f"day={day}/*.parquet")
            ordered = database.sql(
                f"SELECT {', '.join(_quoted(SCHEMA.names))} FROM events ORDER BY timestamp, id"  # noqa: S608 - our own column names
            )
            save(ordered.to_arrow_table().cast(SCHEMA), path)
        for obsolete in old:
            obsolete.unlink()
        return path

    def _view(self, database: duckdb.DuckDBPyConnection, pattern: str) -> None:
        if next(self._root.glob(pattern), None) is None:
            database.register("nothing", SCHEMA.empty_table())
            database.execute("CREATE VIEW events AS SELECT * FROM nothing")
            return
        paths = str(self._root / pattern).replace("'", "''")
        files = f"read_parquet('{paths}', union_by_name = true, hive_partitioning = false)"
        database.execute("CREATE VIEW events AS " + _ONCE.format(files=files))


def _quoted(names: Collection[str]) -> list[str]:
    return [f'"{name}"' for name in names]
