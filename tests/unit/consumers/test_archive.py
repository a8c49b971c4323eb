"""The consumer compacts beside its work, and neither stops the other."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from making import NOON, Tape, event
from pydantic import HttpUrl

from attune.adapters.archive.clickhouse import ClickHouseArchive
from attune.adapters.archive.compaction import Compacted, Compactor
from attune.adapters.archive.reader import Archive
from attune.errors import Unavailable
from attune.settings import Archive as ArchiveSettings
from attune.settings import Settings
from consumers.archive import Archiving, compacting
from consumers.main import CONSUMERS


def clock() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)


def files(root: Path) -> list[Path]:
    return list(root.rglob("*.parquet"))


async def test_what_the_consumer_writes_is_compacted_beside_it(tmp_path: Path) -> None:
    """By a clock that goes so fast that even a draft in hand is swept: the runner tries again."""
    archive, tape, hours = Archive(tmp_path), Tape(), count(step=2)
    consumer = Archiving(archive)
    events = [event(at=NOON + timedelta(minutes=n)) for n in range(4)]

    async with (
        compacting(Compactor(tmp_path), lambda: clock() + timedelta(hours=next(hours)), 0.01),
        asyncio.timeout(20),
    ):
        for batch in [tape(one) for one in events]:
            taken = False
            while not taken:
                with suppress(Unavailable):
                    await consumer.take(batch)
                    taken = True
        while len(files(tmp_path)) != 1:
            await asyncio.sleep(0.01)

    assert list(archive.events()) == events


async def test_a_day_that_cannot_be_compacted_does_not_keep_the_others_waiting() -> None:
    days, done = [date(2026, 11, n) for n in (1, 2, 3, 4)], []

    class Failing(Compactor):
        def days(self) -> list[date]:
            return days

        def tidy(self, day: date, _: datetime) -> Compacted:
            if day == days[0]:
                raise Unavailable("the archive", "the disk is full")
            if day == days[1]:
                raise RuntimeError("a defect")
            done.append(day)
            return Compacted(day, 2, 0)

    async with compacting(Failing(Path("/nowhere")), clock, 0.001), asyncio.timeout(20):
        while len(done) < 4:
            await asyncio.sleep(0.001)

    assert done[:4] == days[2:] * 2


@pytest.mark.parametrize(
    ("address", "store"),
    [(None, Archive), (HttpUrl("http://127.0.0.1:1/db"), ClickHouseArchive)],
)
async def test_the_archive_is_the_one_that_is_configured(
    tmp_path: Path, address: HttpUrl | None, store: type
) -> None:
    settings = Settings(_env_file=None, data=tmp_path, archive=ArchiveSettings(clickhouse=address))
    async with AsyncExitStack() as stack:
        consumer = await CONSUMERS["archive"](stack, settings)

        assert isinstance(consumer, Archiving)
        assert isinstance(consumer.writer, store)
