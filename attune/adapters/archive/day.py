"""One day's files as they lie in its folder: which there are, and which another one holds."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from attune.adapters.archive.files import folder_of

_NAME = "joined-"
_KEY = b"attune.joined"
"""In the metadata of a joined file, where what it says of its sources is."""


class Joined(msgspec.Struct, frozen=True):
    """What a file that joins others says of them."""

    at: datetime
    sources: frozenset[str] = frozenset()
    """Their identities."""
    level: int = 1

    def metadata(self) -> dict[bytes, bytes]:
        """Return it as it stands in the file."""
        return {_KEY: msgspec.json.encode(self)}

    def name(self) -> str:
        """Return the name of the file."""
        return (
            f"{_NAME}{sha256(msgspec.json.encode(sorted(self.sources))).hexdigest()[:24]}.parquet"
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file of a day: one that the stream wrote, or one that joins others."""

    path: Path
    bytes: int
    written_ns: int
    joined: Joined | None = None

    @property
    def identity(self) -> str:
        """Its name and what tells apart a file that was written anew under the same name."""
        return f"{self.path.name}:{self.bytes}:{self.written_ns}"

    @property
    def written(self) -> datetime:
        """When."""
        return datetime.fromtimestamp(self.written_ns / 1e9, UTC)

    @property
    def level(self) -> int:
        """How often its rows were joined."""
        return self.joined.level if self.joined else 0


@dataclass(frozen=True, slots=True)
class Day:
    """The files of a day: those that readers need, and those whose rows lie in another one too."""

    day: date
    live: tuple[File, ...]
    obsolete: tuple[tuple[File, datetime], ...]
    """Each with the time since when."""


def look_at(root: Path, day: date) -> Day:
    """Return what lies in a day's folder."""
    files = [
        found for path in sorted(folder_of(root, day).glob("*.parquet")) if (found := _of(path))
    ]
    since: dict[str, datetime] = {}
    for joined in filter(None, (file.joined for file in files)):
        for source in joined.sources:
            since[source] = min(joined.at, since.get(source, joined.at))
    return Day(
        day,
        tuple(file for file in files if file.identity not in since),
        tuple((file, since[file.identity]) for file in files if file.identity in since),
    )


def _of(path: Path) -> File | None:
    try:
        status = path.stat()
        joined = _joined(path) if path.name.startswith(_NAME) else None
    except FileNotFoundError:  # removed since it was listed
        return None
    return File(path, status.st_size, status.st_mtime_ns, joined)


def _joined(path: Path) -> Joined:
    return msgspec.json.decode(pq.read_metadata(path).metadata[_KEY], type=Joined)
