"""Writes batches of events as Parquet files; a file is there whole, or not at all."""

import os
from collections.abc import Sequence
from datetime import UTC, date
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from attune.adapters.archive.rows import table_of
from attune.collect.event import millis
from attune.errors import Unavailable
from attune.ports import Taken

_Place = tuple[date, str, int]


class ArchiveWriter:
    """One file for each day and topic partition of a batch, named by offsets and first arrival.

    The same batch again makes the same files. A replay cut into other batches makes files that
    overlap, which the reader allows for.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, batch: Sequence[Taken]) -> list[Path]:
        """Return the files made, once they are on the disk.

        Raises:
            Unavailable: the disk is full or away; what was written does no harm.
        """
        ordered = sorted(batch, key=lambda taken: (_place(taken), taken.position.offset))
        try:
            return [self._file(place, list(group)) for place, group in groupby(ordered, _place)]
        except OSError as error:
            raise Unavailable(f"the archive in {self._root}", str(error)) from error

    def _file(self, place: _Place, taken: Sequence[Taken]) -> Path:
        day, topic, partition = place
        first, last = taken[0].position.offset, taken[-1].position.offset
        folder = self._root / f"day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        # A log that began anew has the same offsets again, but not the same arrival.
        arrival = millis(taken[0].event.received_at)
        path = folder / f"{topic}-{partition}-{first:020d}-{last:020d}-{arrival}.parquet"
        save(table_of(taken), path)
        return path


def _place(taken: Taken) -> _Place:
    position = taken.position
    return taken.event.timestamp.astimezone(UTC).date(), position.topic, position.partition


def save(table: pa.Table, path: Path) -> None:
    """Write a Parquet file so that a crash leaves the whole file or none under its name."""
    draft = path.with_name(f".{uuid4().hex}.draft")
    try:
        with draft.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
