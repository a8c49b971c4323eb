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
from attune.adapters.archive.files import DRAFT, days_in, folder_of, only_one, save
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


_Choice = Callable[[Day, datetime], Sequence[File]]


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
        self._finished: dict[date, int] = {}
        """When a folder last changed of which one file is all that is left; so is nearly every."""

    def days(self) -> list[date]:
        """Return the days that have files."""
        return list(days_in(self._root))

    def tidy(self, day: date, now: datetime) -> Compacted:
        """Do what is due to a day, unless another process is at it.

        Raises:
            Unavailable: the disk is full or away, or a file on it cannot be read; nothing is lost.
        """
        return self._done(day, now, self._due, wait=False)

    def compact(self, day: date, now: datetime) -> Compacted:
        """Make one file of a day's, due or not; raises as `tidy`."""
        return self._done(day, now, lambda found, _: found.live, wait=True)

    def _done(self, day: date, now: datetime, choose: _Choice, *, wait: bool) -> Compacted:
        joined = removed = 0
        try:
            with only_one(self._root, wait=wait) as alone:
                if alone and not self._left_alone(day):
                    joined = self._join(day, choose(look_at(self._root, day), now), now)
                    removed = self._remove(day, now)
        except (OSError, duckdb.Error, pa.ArrowException) as error:
            raise Unavailable(f"the archive in {self._root}", str(error)) from error
        return Compacted(day, joined, removed)

    def _left_alone(self, day: date) -> bool:
        """Say whether nothing came or went since there was nothing left to do."""
        return self._finished.get(day) == folder_of(self._root, day).stat().st_mtime_ns

    def _due(self, found: Day, now: datetime) -> Sequence[File]:
        if all(file.written <= now - self._rest for file in found.live):
            return found.live
        for _, group in groupby(sorted(found.live, key=_level), _level):
            files = list(group)
            if len(files) >= self._bound:
                return files
        return ()

    def _join(self, day: date, files: Sequence[File], now: datetime) -> int:
        if len(files) < 2:  # noqa: PLR2004 - one file is joined
            return 0
        sources = frozenset(file.identity for file in files)
        joined = Joined(now, sources, level=1 + max(map(_level, files)))
        schema = SCHEMA.with_metadata(joined.metadata())
        path = folder_of(self._root, day) / joined.name()
        save(path, partial(_write_joined, files, schema))
        return len(files)

    def _remove(self, day: date, now: datetime) -> int:
        folder = folder_of(self._root, day)
        seen = folder.stat().st_mtime_ns  # before looking: what comes meanwhile is looked at again
        found = look_at(self._root, day)
        drafts = list(folder.glob(f".*{DRAFT}"))
        old = (now - self._grace).timestamp()
        gone = [file.path for file, since in found.obsolete if since.timestamp() <= old]
        gone += [draft for draft in drafts if draft.stat().st_mtime <= old]
        for path in gone:
            path.unlink(missing_ok=True)
        if len(found.live) < 2 and not (found.obsolete or drafts):  # noqa: PLR2004 - as above
            self._finished[day] = seen
        return len(gone)


def _level(file: File) -> int:
    return file.level


def _write_joined(files: Sequence[File], schema: pa.Schema, out: BinaryIO) -> None:
    columns = ", ".join(f'"{name}"' for name in schema.names)
    query = _JOIN.format(columns=columns, rows=rows_of(file.path for file in files))
    with connect() as database, pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in database.sql(query).to_arrow_reader(_ROWS):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
