"""Visits on their bounds, to the millisecond."""

from itertools import permutations

import pytest
from making import event

from attune.features.feature import DAY, HOUR, MINUTE
from attune.features.sessions import Sessions

PAGE = event(type="page")
SESSIONS = Sessions()


def folded(*times: int) -> bytes:
    """Stored after every event, as a consumer may."""
    state = SESSIONS.empty()
    for at in times:
        state = SESSIONS.unpack(SESSIONS.pack(SESSIONS.update(state, PAGE, at)))
    return SESSIONS.pack(state)


def read(raw: bytes, now: int) -> tuple[object, ...]:
    return SESSIONS.read(SESSIONS.unpack(raw), now)


def test_a_gap_of_thirty_minutes_is_none_and_a_millisecond_more_is_one() -> None:
    assert read(folded(DAY, DAY + 30 * MINUTE), DAY + HOUR)[:3] == (1800.0, 2, 1)
    assert read(folded(DAY, DAY + 30 * MINUTE + 1), DAY + HOUR)[:3] == (0.0, 1, 2)


def test_a_visit_goes_on_for_thirty_minutes_after_its_latest_event() -> None:
    raw = folded(DAY)

    assert read(raw, DAY + 30 * MINUTE) == (0.0, 1, 1, None, None)
    assert read(raw, DAY + 30 * MINUTE + 1) == (0.0, 0, 1, 0.0, 1.0)


@pytest.mark.parametrize("late", [0, MINUTE, 20 * MINUTE, 30 * MINUTE])
def test_the_latest_that_may_come_still_joins_what_it_belongs_to(late: int) -> None:
    """A day late to the millisecond, and half an hour after a visit that long had ended."""
    raw = folded(9 * DAY, 10 * DAY + late, 9 * DAY + late)

    assert read(raw, 11 * DAY) == (0.0, 0, 2, late / 2_000, 0.5)
    assert folded(9 * DAY, 10 * DAY + late + 1, 9 * DAY + late) != raw


def test_one_that_comes_late_joins_the_two_that_it_lies_between() -> None:
    times = (DAY, DAY + 40 * MINUTE, DAY + 20 * MINUTE)

    answers = {folded(*order) for order in permutations(times)}

    assert [read(raw, DAY + HOUR) for raw in answers] == [(2400.0, 3, 1, None, None)]
