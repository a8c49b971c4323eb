"""One suite for both archives: Parquet files, and ClickHouse (its engine in this process)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import pytest
from embedded_clickhouse import embedded_clickhouse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NOON, Tape, event, histories, shopped, taken

from attune.adapters.archive.clickhouse import ClickHouseArchive
from attune.adapters.archive.reader import Archive
from attune.adapters.archive.store import ArchiveStore
from attune.collect.event import Commerce, Event, Exposure, Kind, Product, decode, encode
from attune.collect.sealed import sealed
from attune.ids import ProfileId
from attune.ports import Taken
from attune.stream import EVENTS, EXPOSURES, Position

BEHAVIORAL = "events.behavioral"
HOUR = timedelta(hours=1)


@contextmanager
def in_files() -> Iterator[ArchiveStore]:
    with TemporaryDirectory() as folder:
        yield Archive(Path(folder))


@contextmanager
def in_clickhouse() -> Iterator[ArchiveStore]:
    with embedded_clickhouse() as server:
        yield ClickHouseArchive(server)


Opener: TypeAlias = Callable[[], AbstractContextManager[ArchiveStore]]


@pytest.fixture(params=[in_files, in_clickhouse], ids=["parquet", "clickhouse"])
def opener(request: pytest.FixtureRequest) -> Opener:
    return request.param


@pytest.fixture
def store(opener: Opener) -> Iterator[ArchiveStore]:
    with opener() as opened:
        yield opened


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
    sealed_properties=_JSON.map(sealed),
    sealed_context=_JSON.map(sealed),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_EVENTS, min_size=1, max_size=20, unique_by=lambda one: one.id))
def test_every_event_comes_back_as_it_was_on_the_stream(
    opener: Opener, events: list[Event]
) -> None:
    consumed = [decode(encode(one)) for one in events]
    with opener() as store:
        store.write(taken(*consumed))
        found = list(store.events(topics=(*EVENTS, EXPOSURES)))
        profiles = {one.profile for one in consumed}
        of_all = list(store.events(topics=(*EVENTS, EXPOSURES), profiles=profiles))

    assert found == of_all
    assert found == sorted(found, key=lambda one: (one.timestamp, one.received_at))
    assert {one.id: one for one in found} == {one.id: one for one in consumed}


def test_an_archive_in_which_nothing_is_yet_is_empty(store: ArchiveStore) -> None:
    assert list(store.events()) == []
    assert list(store.taken(upto={})) == []
    assert store.reached() == {}
    assert store.days() == []


def test_events_come_in_the_order_in_which_they_happened(store: ArchiveStore) -> None:
    first = event("zoe", NOON, id="b", received_at=NOON)
    later = event("ada", NOON, id="a", received_at=NOON + HOUR)
    same = event("zoe", NOON, id="c", received_at=NOON)
    store.write(taken(event("ada", NOON + HOUR), later, same, first))

    assert list(store.events())[:3] == [first, same, later]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 9), st.integers(0, 9))
def test_a_replay_in_other_batches_repeats_nothing(opener: Opener, size: int, start: int) -> None:
    history = taken(*(event(at=NOON + timedelta(days=n)) for n in range(10)))
    with opener() as store:
        cut = [history[n : n + size] for n in range(start, len(history), size)]
        for batch in [history, *cut, history]:
            store.write(batch)

        assert list(store.taken()) == history
        assert [(kept.day, kept.events) for kept in store.days()] == [
            (NOON.date() + timedelta(days=n), 1) for n in range(10)
        ]


def test_a_message_sent_twice_counts_once_and_the_first_received_wins(store: ArchiveStore) -> None:
    first = event(id="m", received_at=NOON)
    again = event(id="m", received_at=NOON + timedelta(seconds=3), name="again")
    others = event("bob", id="m")

    store.write(taken(again, first, others))

    assert list(store.events()) == [first, others]


def test_up_to_an_offset_the_first_received_before_it_wins(store: ArchiveStore) -> None:
    late = event(id="m", received_at=NOON + HOUR, name="late")
    early = event(id="m", received_at=NOON, name="early")
    history = taken(late, early)
    store.write(history)

    assert list(store.taken(upto={(BEHAVIORAL, 0): 0})) == history[:1]
    assert list(store.taken(upto={(BEHAVIORAL, 0): 1})) == history[1:]


def test_a_cut_names_every_topic_partition_that_is_wanted(store: ArchiveStore) -> None:
    one, two = (Taken(Position(BEHAVIORAL, part, 5), event()) for part in (0, 1))
    bought = Taken(Position("events.transactional", 0, 5), shopped("purchased"))
    store.write([one, two, bought])

    assert list(store.taken(upto={(BEHAVIORAL, 1): 5, (BEHAVIORAL, 0): 4})) == [two]
    assert list(store.taken(upto={("events.transactional", 0): 9})) == [bought]
    assert list(store.taken(upto={})) == []
    assert len(list(store.taken(upto=store.reached()))) == 3


def test_what_is_reached_is_the_highest_offset_of_each_partition(store: ArchiveStore) -> None:
    def at(part: int, offset: int) -> Taken:
        return Taken(Position(BEHAVIORAL, part, offset), event())

    store.write([at(0, 7), at(1, 3), at(0, 5)])
    store.write([at(0, 6)])

    assert store.reached() == {(BEHAVIORAL, 0): 7, (BEHAVIORAL, 1): 3}


def test_a_message_sent_twice_is_reached_at_both_its_offsets(store: ArchiveStore) -> None:
    store.write(taken(event(id="m"), event(id="m", received_at=NOON + HOUR)))

    assert store.reached() == {(BEHAVIORAL, 0): 1}


def test_a_log_that_began_anew_does_not_write_over_what_was_archived(store: ArchiveStore) -> None:
    first, second = event(at=NOON), event(at=NOON + timedelta(minutes=1))

    store.write(taken(first))
    store.write(taken(second))

    assert list(store.events()) == [first, second]


def test_exposures_are_kept_apart_from_what_features_are_made_of(store: ArchiveStore) -> None:
    shown, viewed = event(exposure=Exposure("d", "hero", "banner")), shopped("viewed")
    store.write(taken(shown, viewed))

    assert list(store.events()) == [viewed]
    assert list(store.events(topics=[EXPOSURES])) == [shown]
    assert list(store.events(topics=[])) == []


def test_events_can_be_asked_for_by_time_and_profile(store: ArchiveStore) -> None:
    early, late = event(at=NOON), event(at=NOON + HOUR)
    hers, anonymous = event("eve", NOON), event(None, NOON, anonymous_id="a-1")
    store.write(taken(early, late, hers, anonymous))

    assert list(store.events(until=NOON + HOUR, profiles=[ProfileId("ada")])) == [early]
    assert list(store.events(profiles=[ProfileId("anon:a-1")])) == [anonymous]
    assert list(store.events(profiles=[])) == []
    assert len(list(store.events())) == 4


def test_many_profiles_can_be_asked_for_at_once(store: ArchiveStore) -> None:
    store.write(taken(event("ada"), event("b'o\\b"), event("zoe")))
    many = [ProfileId(f"user-{n:09}") for n in range(5_000)]

    assert len(list(store.events(profiles=[*many, ProfileId("ada"), ProfileId("b'o\\b")]))) == 2


def test_days_are_told_with_what_they_hold(store: ArchiveStore) -> None:
    store.write(taken(event(at=NOON), event(at=NOON), event(at=NOON + timedelta(days=1))))

    first, second = store.days()

    assert (first.day, first.events, first.files) == (date(2026, 11, 2), 2, 1)
    assert (second.day, second.events) == (date(2026, 11, 3), 1)
    assert first.bytes > 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(histories(max_size=8), max_size=4),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=4),
    st.integers(0, 20),
)
def test_both_archives_answer_the_same(
    batches: list[list[Event]], again: list[tuple[int, int]], end: int
) -> None:
    tape = Tape()
    written = [tape(*batch) for batch in batches]
    whole = [one for batch in written for one in batch]
    written += [whole[start : start + length] for start, length in again]
    answers = []
    for opened in (in_files, in_clickhouse):
        with opened() as store:
            for batch in written:
                store.write(batch)
            upto = dict.fromkeys(store.reached(), end)
            answers.append(
                (
                    list(store.taken()),
                    list(store.taken(upto=upto)),
                    store.reached(),
                    [(kept.day, kept.events) for kept in store.days()],
                )
            )

    assert answers[0] == answers[1]
    assert len(answers[0][0]) == len({one.event.id for one in whole})
