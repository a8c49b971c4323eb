"""Where the files of the archive lie, and how one comes to be: whole, or not at all."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

PATTERN = "day=*/*.parquet"
"""Every file of events under the archive's folder."""

DRAFT = ".draft"


def folder_of(root: Path, day: date) -> Path:
    """Return the folder of a day's files."""
    return root / f"day={day}"


def days_in(root: Path) -> Iterator[date]:
    """Yield the days that have a folder, in order."""
    for folder in sorted(root.glob("day=????-??-??")):
        yield date.fromisoformat(folder.name.removeprefix("day="))


def save(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file so that a crash leaves the whole of it under its name, or none."""
    draft = path.with_name(f".{uuid4().hex}{DRAFT}")
    try:
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def only_one(root: Path, *, wait: bool) -> Iterator[bool]:
    """Yield whether this process is the only one in here now; with `wait`, after it has become so.

    It spares work and is nothing to rely on: not every file system that is shared has locks.
    """
    with (root / ".only-one").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        except OSError:
            yield True
        else:
            yield True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
