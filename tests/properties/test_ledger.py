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
from attune.profiles.ledger import NEW, Ledger
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

    assert ledger.reached.marks == marks


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
    assert again.reached.marks == ordered.reached.marks
    assert again.recent == ordered.recent
    assert again.encode(FORMAT) == raw
