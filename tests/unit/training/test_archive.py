from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import pyarrow.parquet as pq
import pytest
from making import NOON, Tape, event, shopped, taken

from attune.adapters.archive.reader import Archive
from attune.adapters.archive.writer import ArchiveWriter
from attune.errors import Unavailable
from attune.ports import Taken
from attune.stream import Position, topic_of
from consumers.archive import Archiving


def archive(root: Path, *batches: list[Taken]) -> Archive:
    for batch in batches:
        ArchiveWriter(root).write(batch)
    return Archive(root)


def test_files_lie_by_day_under_names_of_topic_partition_and_offsets(tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    before, after = event(at=midnight - timedelta(microseconds=1)), event(at=midnight)

    files = ArchiveWriter(tmp_path).write(taken(before, after, shopped("purchased", at=midnight)))

    zero, one = f"{0:020d}", f"{1:020d}"
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        f"day=2026-11-01/events.behavioral-0-{zero}-{zero}-1793577599999.parquet",
        f"day=2026-11-02/events.behavioral-0-{one}-{one}-1793577600000.parquet",
        f"day=2026-11-02/events.transactional-0-{zero}-{zero}-1793577600000.parquet",
    ]
    assert sorted(tmp_path.rglob("*.parquet")) == files
    assert not list(tmp_path.rglob("*.draft"))


def test_an_archive_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    nothing = Archive(tmp_path / "archive")

    assert list(nothing.events()) == []
    with nothing.connection() as database:
        assert database.execute("SELECT count(*) FROM events").fetchall() == [(0,)]


def as_before_visits_had_an_id(root: Path, batch: list[Taken]) -> None:
    """Write a batch as the archive did before it had the column `session_id`."""
    for path in ArchiveWriter(root).write(batch):
        table = pq.ParquetFile(path).read()
        pq.write_table(table.drop_columns(["session_id"]), path)


def test_files_from_before_a_column_was_there_are_read_alone(tmp_path: Path) -> None:
    viewed = shopped("viewed")
    as_before_visits_had_an_id(tmp_path, taken(viewed))

    assert list(Archive(tmp_path).events()) == [viewed]
    with Archive(tmp_path).connection() as database:
        found = database.execute("SELECT session_id, products[1].id FROM events").fetchall()
    assert found == [(None, "p1")]


def test_files_from_before_a_column_was_there_are_read_beside_newer_ones(tmp_path: Path) -> None:
    tape = Tape()
    old, new = event(), event(session_id="s-1", at=NOON + timedelta(hours=1))
    as_before_visits_had_an_id(tmp_path, tape(old))

    assert list(archive(tmp_path, tape(new)).events()) == [old, new]


def test_a_replay_tells_what_an_older_file_could_not_hold(tmp_path: Path) -> None:
    first, second = taken(event(session_id="s-1"), event(session_id="s-2"))
    as_before_visits_had_an_id(tmp_path, [first, second])

    kept = archive(tmp_path, [first], [second])

    assert {one.session_id for one in kept.events()} == {"s-1", "s-2"}


def test_an_archive_that_did_not_tell_how_far_it_reaches_is_asked_itself(tmp_path: Path) -> None:
    history = taken(*(event(at=NOON + timedelta(hours=hour)) for hour in range(40)))
    kept = archive(tmp_path, history[:20], history[20:30])
    rmtree(tmp_path / "reached")

    assert kept.reached() == {("events.behavioral", 0): 29}
    archive(tmp_path, history[30:35])
    assert kept.reached() == {("events.behavioral", 0): 34}


def test_how_far_it_reaches_is_said_only_when_all_of_a_batch_is_there(tmp_path: Path) -> None:
    """The last offset lies in the first file written: the day before the others."""
    tape, yesterday = Tape(), NOON - timedelta(days=1)
    kept = archive(tmp_path, tape(event(at=NOON)))
    (tmp_path / f"day={NOON + timedelta(days=1):%Y-%m-%d}").touch()  # a folder cannot be made

    with pytest.raises(Unavailable):
        archive(tmp_path, tape(event(at=NOON + timedelta(days=1)), event(at=yesterday)))

    assert [one.position.offset for one in kept.taken()] == [2, 0]
    assert kept.reached() == {("events.behavioral", 0): 0}


async def test_the_consumer_writes_before_it_returns(tmp_path: Path) -> None:
    viewed = shopped("viewed")

    await Archiving(ArchiveWriter(tmp_path)).take([Taken(Position(topic_of(viewed), 3, 7), viewed)])

    assert list(Archive(tmp_path).events()) == [viewed]


async def test_an_archive_that_cannot_be_written_holds_the_stream_up(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    with pytest.raises(Unavailable, match="archive"):
        await Archiving(ArchiveWriter(blocked)).take(taken(event()))


def test_analysts_find_typed_columns(tmp_path: Path) -> None:
    with archive(tmp_path, taken(shopped("viewed", price=9.5))).connection() as database:
        found = database.execute(
            "SELECT act, profile, products[1].category, products[1].price_micros / 1e6, "
            "timestamp::VARCHAR FROM events"
        ).fetchall()

    assert found == [("viewed", "ada", "electronics.audio", 9.5, "2026-11-02 12:00:00+00")]
