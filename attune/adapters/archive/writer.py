"""Writes batches of events as Parquet files."""

from collections.abc import Sequence
from datetime import UTC, date
from itertools import groupby
from pathlib import Path

import pyarrow.parquet as pq

from attune.adapters.archive import reached
from attune.adapters.archive.files import folder_of, save
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
            reached.begin(self._root)
            files = [self._file(place, list(group)) for place, group in groupby(ordered, _place)]
            reached.advance(self._root, batch)
        except OSError as error:
            raise Unavailable(f"the archive in {self._root}", str(error)) from error
        return files

    def _file(self, place: _Place, taken: Sequence[Taken]) -> Path:
        day, topic, partition = place
        first, last = taken[0].position.offset, taken[-1].position.offset
        folder = folder_of(self._root, day)
        folder.mkdir(parents=True, exist_ok=True)
        # A log that began anew has the same offsets again, but not the same arrival.
        arrival = millis(taken[0].event.received_at)
        path = folder / f"{topic}-{partition}-{first:020d}-{last:020d}-{arrival}.parquet"
        table = table_of(taken)
        save(path, lambda file: pq.write_table(table, file, compression="zstd"))
        return path


def _place(taken: Taken) -> _Place:
    position = taken.position
    return taken.event.timestamp.astimezone(UTC).date(), position.topic, position.partition
