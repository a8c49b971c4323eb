from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape, event, shopped, taken

from attune.adapters.archive.reader import Archive
from attune.adapters.archive.writer import ArchiveWriter
from attune.collect.event import Commerce, Event, Exposure, Kind, Product, decode, encode
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.ports import Taken
from attune.stream import EVENTS, EXPOSURES, Position, topic_of
from consumers.archive import Archiving

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_NAMES = st.none() | _TEXTS
_AMOUNTS = st.none() | st.integers(0, 10**18)
_JSON = st.dictionaries(
    _TEXTS,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | _TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
_MOMENTS = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2060, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
_ARRIVALS = st.datetimes(
    datetime(2060, 1, 2),  # noqa: DTZ001 - as above
    datetime(2062, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
_PRODUCTS = st.builds(Product, _TEXTS, _NAMES, _NAMES, _AMOUNTS, st.integers(1, 10**6))
_COMMERCE = st.builds(
    Commerce,
    st.sampled_from(["viewed", "added", "removed", "purchased", "refunded"]),
    st.lists(_PRODUCTS, max_size=3).map(tuple),
    _NAMES,
    _AMOUNTS,
    _NAMES,
)
_EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    type=st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]),
    kind=st.sampled_from(Kind),
    timestamp=_MOMENTS,
    received_at=_ARRIVALS,
    source=_TEXTS,
    user_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    anonymous_id=_NAMES,
    session_id=_NAMES,
    name=_NAMES,
    previous_id=_NAMES,
    group_id=_NAMES,
    commerce=st.none() | _COMMERCE,
    exposure=st.none() | st.builds(Exposure, _TEXTS, _TEXTS, _TEXTS),
    traits=_JSON,
    properties=_JSON,
    context=_JSON,
)


def archive(root: Path, *batches: list[Taken]) -> Archive:
    for batch in batches:
        ArchiveWriter(root).write(batch)
    return Archive(root)


@settings(max_examples=40, deadline=None)  # each example writes files and starts DuckDB
@given(st.lists(_EVENTS, min_size=1, max_size=20, unique_by=lambda one: one.id))
def test_every_event_comes_back_as_it_was_on_the_stream(events: list[Event]) -> None:
    consumed = [decode(encode(one)) for one in events]
    with TemporaryDirectory() as folder:
        kept = archive(Path(folder), taken(*consumed))
        found = list(kept.events(topics=(*EVENTS, EXPOSURES)))

    assert found == sorted(found, key=lambda one: (one.timestamp, one.received_at))
    assert {one.id: one for one in found} == {one.id: one for one in consumed}


def test_a_log_that_began_anew_does_not_write_over_what_was_archived(tmp_path: Path) -> None:
    first, second = event(at=NOON), event(at=NOON + timedelta(minutes=1))

    kept = archive(tmp_path, taken(first), taken(second))

    assert list(kept.events()) == [first, second]


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


@given(st.integers(1, 9), st.integers(0, 9))
@settings(max_examples=10, deadline=None)
def test_a_replay_in_other_batches_repeats_nothing(size: int, start: int) -> None:
    history = taken(*(event(at=NOON + timedelta(seconds=n)) for n in range(10)))
    cut = [history[n : n + size] for n in range(start, len(history), size)]
    with TemporaryDirectory() as folder:
        kept = archive(Path(folder), history, *cut, history)

        assert list(kept.events()) == [one.event for one in history]


def test_a_message_id_sent_twice_counts_once_and_the_first_received_wins(tmp_path: Path) -> None:
    first = event(id="m", received_at=NOON)
    again = event(id="m", received_at=NOON + timedelta(seconds=3), name="again")
    others = event("bob", id="m")

    kept = archive(tmp_path, taken(again, first, others))

    assert list(kept.events()) == [first, others]


def test_exposures_are_kept_apart_from_what_features_are_made_of(tmp_path: Path) -> None:
    shown, viewed = event(exposure=Exposure("d", "hero", "banner")), shopped("viewed")

    kept = archive(tmp_path, taken(shown, viewed))

    assert list(kept.events()) == [viewed]
    assert list(kept.events(topics=[EXPOSURES])) == [shown]


def test_events_can_be_asked_for_by_time_and_profile(tmp_path: Path) -> None:
    early, late = event(at=NOON), event(at=NOON + timedelta(hours=1))
    hers, anonymous = event("eve", NOON), event(None, NOON, anonymous_id="a-1")
    kept = archive(tmp_path, taken(early, late, hers, anonymous))

    assert list(kept.events(until=NOON + timedelta(hours=1), profiles=[ProfileId("ada")])) == [
        early
    ]
    assert list(kept.events(profiles=[ProfileId("anon:a-1")])) == [anonymous]
    assert len(list(kept.events())) == 4


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
