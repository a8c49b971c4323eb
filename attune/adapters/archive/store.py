"""The archive as its users see it, whichever of the two it is: Parquet files, or ClickHouse."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from attune.adapters.archive.clickhouse import ClickHouseArchive
from attune.adapters.archive.clickhouse_http import open_clickhouse
from attune.adapters.archive.reached import TopicPartition
from attune.adapters.archive.reader import Archive, Kept
from attune.collect.event import Event
from attune.ids import ProfileId
from attune.ports import Taken
from attune.settings import Settings
from attune.stream import EVENTS


class ArchiveStore(Protocol):
    """What was on the stream, for good: every event once, however often it was written.

    All raise `Unavailable` where a disk or a server is away.
    """

    def write(self, batch: Sequence[Taken]) -> None:
        """Return once the batch is durable; the same again, or any part of it, changes nothing."""

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

    def taken(
        self,
        *,
        upto: Mapping[TopicPartition, int] | None = None,
        until: datetime | None = None,
        profiles: Collection[ProfileId] | None = None,
        topics: Collection[str] = EVENTS,
    ) -> Iterator[Taken]:
        """Yield events with where they lay in Kafka, each once, in the order of `events`.

        `upto` cuts every topic partition after an offset, and leaves out those it does not name.
        Of a message that was sent twice, the one received first *within the cut* counts: what
        lies behind it has not happened yet for whoever reads up to there.
        """

    def reached(self) -> dict[TopicPartition, int]:
        """Return the highest offset of each topic partition up to which everything is archived."""

    def days(self) -> list[Kept]:
        """Return what is kept of each day, in the order of days."""


def folder(settings: Settings) -> Path:
    """Return where the Parquet files are."""
    return settings.data / "archive"


def place(settings: Settings) -> str:
    """Return where the archive is, in words that hold no password."""
    address = settings.archive.clickhouse
    if address is None:
        return str(folder(settings))
    return f"ClickHouse at {address.host}:{address.port}{address.path or ''}"


@contextmanager
def open_archive(settings: Settings) -> Iterator[ArchiveStore]:
    """Yield the archive that is configured; a server is asked only once something is done."""
    if settings.archive.clickhouse is None:
        yield Archive(folder(settings))
        return
    with open_clickhouse(settings.archive.clickhouse) as server:
        yield ClickHouseArchive(server)
