"""Joins the files of a day, so that a query opens one where the stream made thousands.

What was joined stays where it is for a while, since a reader that has listed the files still wants
to open them. Old and new together read as either alone, because every event counts once; so no
step leaves anything behind that a crash, or a second process at the same work, could spoil:

1. the new file appears, whole, and names in itself the files that it holds the rows of;
2. after `grace`, the named ones go, if they are still what they were when they were read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from attune.adapters.archive.day import Day, File, Joined, look_at
from attune.adapters.archive.files import DRAFT, days_in, folder_of, save
from attune.adapters.archive.reader import connect
from attune.adapters.archive.rows import SCHEMA
from attune.adapters.archive.views import rows_of
from attune.errors import Unavailable

_ROWS = 50_000
"""Of a row group: enough to compress well, few enough to be skipped by a profile's bounds."""

# The same message at the same offset, in files that overlap. Not every repeated message id: one
# that was sent twice has two offsets, and a reader up to the later one must still find it.
_JOIN = """
SELECT {columns} FROM ({rows})
QUALIFY row_number() OVER (
    PARTITION BY topic, "partition", "offset", received_at, profile, id
    ORDER BY session_id NULLS LAST
) = 1
ORDER BY profile, timestamp, id
"""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was done to a day: how many files became one (0: none did), and how many went."""

    day: date
    joined: int
    removed: int


class Compactor:
    """Joins what is due: `bound` files of one level, and all of a day that has come to rest.

    A row is so written anew as often as the logarithm of the number of files, however often the
    day is looked at. `rest` and `grace` are longer than any query runs.
    """

    def __init__(
        self,
        root: Path,
        *,
        bound: int = 64,
        rest: timedelta = timedelta(hours=1),
        grace: timedelta = timedelta(hours=1),
    ) -> None:
        self._root = root
        self._bound = bound
        self._rest = rest
        self._grace = grace

    def days(self) -> list[date]:
        """Return the days that have files."""
        return list(days_in(self._root))

    def tidy(self, day: date, now: datetime) -> Compacted:
        """Do what is due to a day.

        Raises:
            Unavailable: the disk is full or away, or a file on it cannot be read; nothing is lost.
        """
        return self._done(day, now, self._due)

    def compact(self, day: date, now: datetime) -> Compacted:
        """Make one file of a day's, due or not; raises as `tidy`."""
        return self._done(day, now, lambda found, _: found.live)

    def _done(
        self, day: date, now: datetime, choose: Callable[[Day, datetime], Sequence[File]]
    ) -> Compacted:
        try:
            chosen = choose(look_at(self._root, day), now)
            if len(chosen) > 1:
                self._join(day, chosen, now)
            removed = self._remove(look_at(self._root, day), now)
        except (OSError, duckdb.Error, pa.ArrowException) as error:
            raise Unavailable(f"the archive in {self._root}", str(error)) from error
        return Compacted(day, len(chosen) if len(chosen) > 1 else 0, removed)

    def _due(self, found: Day, now: datetime) -> Sequence[File]:
        if all(file.written <= now - self._rest for file in found.live):
            return found.live
        for _, group in groupby(sorted(found.live, key=_level), _level):
            files = list(group)
            if len(files) >= self._bound:
                return files
        return ()

    def _join(self, day: date, files: Sequence[File], now: datetime) -> None:
        sources = frozenset(file.identity for file in files)
        joined = Joined(now, sources, level=1 + max(map(_level, files)))
        schema = SCHEMA.with_metadata(joined.metadata())
        path = folder_of(self._root, day) / joined.name()
        save(path, partial(_write_joined, files, schema))

    def _remove(self, found: Day, now: datetime) -> int:
        gone = [file.path for file, since in found.obsolete if since <= now - self._grace]
        gone += [
            draft
            for draft in folder_of(self._root, found.day).glob(f".*{DRAFT}")
            if draft.stat().st_mtime <= (now - self._grace).timestamp()
        ]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


def _level(file: File) -> int:
    return file.level


def _write_joined(files: Sequence[File], schema: pa.Schema, out: BinaryIO) -> None:
    columns = ", ".join(f'"{name}"' for name in schema.names)
    query = _JOIN.format(columns=columns, rows=rows_of(file.path for file in files))
    with connect() as database, pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in database.sql(query).to_arrow_reader(_ROWS):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
