"""Where the files of the archive lie, and how one comes to be: whole, or not at all."""

import os
from collections.abc import Callable, Iterator
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
    for folder in sorted(root.glob("day=*")):
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


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
