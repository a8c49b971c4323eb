"""What a ledger knows of where events lay, whatever order they come in, and its bytes."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from making import NOON, event

from attune.ids import ProfileId
from attune.profiles.arrived import Arrived
from attune.profiles.kept import FORMAT
from attune.profiles.ledger import NEW, RETRY, Ledger
from attune.profiles.mark import UNREAD, Mark, Place
from attune.stream import TOPICS, Position

ADA, BOB = ProfileId("ada"), ProfileId("bob")
ELSEWHERE = "a topic of somebody else's"

positions = st.builds(
    Position,
    st.sampled_from((*TOPICS[:3], ELSEWHERE)),
    st.sampled_from((0, 1, 300, 65_535, 65_536)),
    st.integers(0, 20),
)
seconds = st.integers(0, 3)
came = st.lists(st.tuples(st.sampled_from((ADA, BOB)), positions, seconds), min_size=1, max_size=20)


def arrived(number: int, position: Position, second: int) -> Arrived:
    at = NOON + timedelta(seconds=second)
    return Arrived(event(id=f"m{number}", at=NOON, received_at=at), position)


def places(of: Sequence[tuple[ProfileId, Position, int]]) -> list[tuple[Place, Arrived]]:
    return [
        ((source, position.topic, position.partition), arrived(number, position, second))
        for number, (source, position, second) in enumerate(of)
    ]


@given(came)
def test_an_event_is_new_where_its_place_was_not_read_beyond_it(
    events: list[tuple[ProfileId, Position, int]],
) -> None:
    ledger, marks = Ledger(ADA), dict[Place, Mark]()

    for place, one in places(events):
        mark = marks.get(place, UNREAD)
        covered = mark.covers(one.offset, one.received)
        if not covered:  # the offset follows also where the log began anew
            marks[place] = Mark(one.offset, max(one.received, mark.received))
        assert (ledger.enter(place[0], one) is NEW) is not covered

    assert ledger.marks == marks


@given(came, st.randoms(use_true_random=False))
def test_equal_ledgers_have_equal_bytes_and_come_back_as_they_were(
    events: list[tuple[ProfileId, Position, int]],
    chance: Random,
) -> None:
    ordered, shuffled = Ledger(ADA), Ledger(ADA)
    noted = places(events)
    for place, one in noted:
        ordered.note(place[0], one, id_too=True)
    chance.shuffle(noted)
    for place, one in noted:
        shuffled.note(place[0], one, id_too=True)

    raw = ordered.encode(FORMAT)
    again = Ledger.decode(ADA, raw[1:])

    assert shuffled.encode(FORMAT) == raw
    assert again.marks == ordered.marks
    assert again.recent == ordered.recent
    assert again.encode(FORMAT) == raw


days = st.integers(0, 12 * 24 * 60)


@given(minutes=st.lists(days, min_size=1, max_size=40), again=st.booleans())
def test_ids_of_the_day_before_the_newest_are_known_however_often_the_row_is_read_again(
    *, minutes: list[int], again: bool
) -> None:
    ledger = Ledger(ADA)
    for number, minute in enumerate(minutes):
        assert ledger.enter(ADA, came_at(number, minute)) is NEW
        if again:
            ledger = Ledger.decode(ADA, ledger.encode(FORMAT)[1:])

    bound = max(minutes) - 24 * 60
    known = [number for number, minute in enumerate(minutes) if minute >= bound]
    assert len(ledger.recent) == len(known)
    for number in known:
        assert ledger.enter(ADA, came_at(number, max(minutes), place=1_000 + number)) is RETRY


@given(st.lists(days, min_size=1, max_size=12), st.lists(days, min_size=1, max_size=12))
def test_who_takes_over_another_ledger_knows_the_ids_of_the_last_day(
    ours: list[int], theirs: list[int]
) -> None:
    ledger, other = Ledger(ADA), Ledger(BOB)
    for number, minute in enumerate(ours):
        ledger.enter(ADA, came_at(number, minute))
    for number, minute in enumerate(theirs, 100):
        other.enter(BOB, came_at(number, minute))

    ledger.absorb(other)

    bound = max(*ours, *theirs) - 24 * 60
    assert len(ledger.recent) == sum(minute >= bound for minute in (*ours, *theirs))


def test_a_visitor_who_comes_every_few_days_has_the_ids_of_one() -> None:
    ledger = Ledger(ADA)
    for number in range(200):  # 10 events each 4,000 minutes, which 12 bits hardly tell apart
        ledger.enter(ADA, came_at(number, number // 10 * 4_000))

    assert len(ledger.recent) == 10


def came_at(number: int, minute: int, place: int | None = None) -> Arrived:
    at = NOON + timedelta(minutes=minute)
    position = Position(TOPICS[0], 0, number if place is None else place)
    return Arrived(event(id=f"m{number}", at=NOON, received_at=at), position)
