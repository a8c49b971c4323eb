"""Persisted documents: what the front ends' build says they will ask.

Two formats are read, each a JSON file: `{id: text}` as GraphQL Code Generator's client preset
writes it (`persisted-documents.json`), and Apollo's `apollo-persisted-query-manifest`.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from api.documents import Document, Documents
from api.refusal import Refused
from attune.errors import ConfigurationError
from attune.telemetry import DOCUMENTS_KNOWN

_log = structlog.get_logger()

LOOK_EVERY: Final = 2.0  # seconds
_SHOWN: Final = 20
_APOLLO: Final = "apollo-persisted-query-manifest"
_PREFIX: Final = "sha256:"


class InvalidManifest(ConfigurationError):
    """A manifest that cannot be used; `problems` has a line for each document at fault."""

    def __init__(self, problems: list[str]) -> None:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n".join([*problems[:_SHOWN], *more]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Known:
    """The documents of all manifests."""

    by_id: Mapping[str, Document] = field(default_factory=dict)
    """By id, without `sha256:`."""
    by_text: Mapping[str, Document] = field(default_factory=dict)

    def get(self, id_: str) -> Document | None:
        """Return the document of an id, with or without `sha256:` before it."""
        return self.by_id.get(id_.removeprefix(_PREFIX))


_EMPTY: Final = Known()


def load(path: Path, documents: Documents, before: Known = _EMPTY) -> Known:
    """Return the documents of a manifest, or of every manifest of a folder.

    Those that are in `before` are not made again.

    Raises:
        InvalidManifest: a file cannot be read, or a document does not fit the schema.
    """
    problems: list[str] = []
    by_id: dict[str, Document] = {}
    by_text: dict[str, Document] = {}
    texts: dict[str, str] = {}
    for file in _files(path):
        for id_, text in _entries(file, problems):
            if texts.setdefault(id_, text) != text:
                problems.append(f"{file}: {id_} stands for another document elsewhere: build anew")
                continue
            try:
                made = by_text.get(text) or before.by_text.get(text) or documents.trusted(text)
            except Refused as refused:
                problems.append(f"{file}: {id_}: {refused}")
            else:
                by_id[id_] = by_text[text] = made
    if problems:
        raise InvalidManifest(problems)
    return Known(by_id, by_text)


def _files(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(path.glob("*.json"))
        if path.is_file():
            return [path]
    except OSError as error:
        raise InvalidManifest([f"{path}: cannot be read: {error.strerror}"]) from error
    raise InvalidManifest([f"{path}: there is no such file or folder: see ATTUNE_API__MANIFESTS"])


def _entries(file: Path, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Yield id and text of each document of a file; what is none becomes a problem."""
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        problems.append(f"{file}: cannot be read: {error}")
        return
    if isinstance(found, dict) and found.get("format") == _APOLLO:
        pairs = _apollo(found)
    elif isinstance(found, dict) and "format" not in found:
        pairs = iter(found.items())
    else:
        problems.append(f'{file}: neither {{"id": "text"}} nor {{"format": "{_APOLLO}", ...}}')
        return
    for id_, text in pairs:
        problem = _problem(id_, text)
        if problem:
            problems.append(f"{file}: {problem}")
        else:
            yield id_.removeprefix(_PREFIX), text


def _apollo(found: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    operations = found.get("operations")
    for each in operations if isinstance(operations, list) else [None]:
        known = each if isinstance(each, dict) else {}
        yield known.get("id"), known.get("body")


def _problem(id_: object, text: object) -> str:
    """Return what is wrong with an entry, nothing if all is well."""
    if not isinstance(id_, str) or not id_ or not isinstance(text, str):
        return f"a document needs an id and a text, and one has {str(id_)[:80]!r} as its id"
    hashed = id_.startswith(_PREFIX)
    if hashed and id_.removeprefix(_PREFIX) != sha256(text.encode()).hexdigest():
        return f"{id_} is not the hash of its text: build the manifest anew, do not edit it"
    return ""


@dataclass(slots=True)
class Manifests:
    """The documents of the manifests, as they are now."""

    path: Path | None
    documents: Documents
    known: Known = _EMPTY
    _seen: object = field(default=None, repr=False)

    def load(self, *, needed: bool = False) -> None:
        """Read them for the first time.

        Raises:
            InvalidManifest: they cannot be used, or there are none where some are `needed`.
        """
        if self.path:
            self._seen = _state(self.path)
            self._take(load(self.path, self.documents))
        if needed and not self.known.by_id:
            where = f"{self.path} has none" if self.path else "ATTUNE_API__MANIFESTS names none"
            raise InvalidManifest([f"only known documents are to be answered, and {where}"])

    async def refresh(self) -> bool:
        """Read them again if they changed; return whether they did.

        What cannot be used is logged, and the documents that were known stay known.
        """
        if self.path is None or (state := _state(self.path)) == self._seen:
            return False
        self._seen = state
        try:
            # In a thread: hundreds of documents take a second, and requests go on meanwhile.
            self._take(await asyncio.to_thread(load, self.path, self.documents, self.known))
        except InvalidManifest as error:
            _log.error("manifest refused, the one before stays", problems=error.problems[:_SHOWN])
            return False
        _log.info("manifest read", documents=len(self.known.by_text))
        return True

    def _take(self, known: Known) -> None:
        self.known = known
        DOCUMENTS_KNOWN.set(len(known.by_text))


def _state(path: Path) -> object:
    """Return what changes when a manifest does."""
    try:
        files = [(file, file.stat()) for file in _files(path)]
    except (OSError, InvalidManifest):
        return None
    return tuple((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino) for file, stat in files)
