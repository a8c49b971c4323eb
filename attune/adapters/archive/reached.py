"""How far into each topic partition the archive is whole: a small file a partition.

The files of a batch come one after the other, a day each, and a day's may hold the last offset of
a batch before another day's holds the first. Whoever folds the archive up to an offset must not
miss what lies before it, so how far it reaches is said only when all of a batch is there.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pyarrow.parquet as pq

from attune.adapters.archive.files import DRAFT, PATTERN, save
from attune.ports import Taken
from attune.stream import Position

TopicPartition = tuple[str, int]

_FOLDER = "reached"


def read(root: Path) -> dict[TopicPartition, int]:
    """Return the highest offset of each topic partition up to which everything was archived."""
    if not (root / _FOLDER).is_dir():
        return _in_files(root)  # written before this was kept
    return _in_folder(root / _FOLDER)


def begin(root: Path) -> None:
    """Keep from now on how far the archive reaches; to be called before anything is written."""
    folder = root / _FOLDER
    if folder.is_dir():
        return
    draft = root / f".{uuid4().hex}{DRAFT}"
    draft.mkdir(parents=True)
    _say(draft, _in_files(root))
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():  # and not another process that began at the same time
            raise


def advance(root: Path, batch: Iterable[Taken]) -> None:
    """Say that all of a batch is there; a replay of older offsets takes nothing back."""
    folder = root / _FOLDER
    before = _in_folder(folder)
    ends = ends_of(taken.position for taken in batch)
    _say(folder, {of: end for of, end in ends.items() if end > before.get(of, -1)})


def _say(folder: Path, ends: Mapping[TopicPartition, int]) -> None:
    for (topic, partition), offset in ends.items():
        save(folder / f"{topic}-{partition}.offset", partial(_write, str(offset)))


def _write(text: str, file: BinaryIO) -> None:
    file.write(text.encode())


def ends_of(positions: Iterable[Position]) -> dict[TopicPartition, int]:
    """Return the highest offset of each topic partition."""
    ends: dict[TopicPartition, int] = {}
    for position in positions:
        of = position.topic, position.partition
        ends[of] = max(position.offset, ends.get(of, -1))
    return ends


def _in_folder(folder: Path) -> dict[TopicPartition, int]:
    return {
        _named(path.stem): int(path.read_text(encoding="ascii"))
        for path in sorted(folder.glob("*.offset"))
    }


def _named(stem: str) -> TopicPartition:
    topic, _, partition = stem.rpartition("-")
    return topic, int(partition)


def _in_files(root: Path) -> dict[TopicPartition, int]:
    return ends_of(
        Position(**row)
        for path in root.glob(PATTERN)
        for row in pq.ParquetFile(path).read(["topic", "partition", "offset"]).to_pylist()
    )
