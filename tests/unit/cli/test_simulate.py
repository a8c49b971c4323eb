from datetime import UTC, datetime, timedelta

import orjson
import pytest
from making import NOON

from attune.collect.segment import Arrival, parse_batch
from cli.simulate import DAYS, simulated

UNTIL = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def test_the_same_seed_makes_the_same_visitors() -> None:
    assert simulated(7, 40, UNTIL) == simulated(7, 40, UNTIL)
    assert simulated(7, 40, UNTIL) != simulated(8, 40, UNTIL)


@pytest.mark.parametrize("seed", range(5))
def test_they_come_in_order_within_the_last_days(seed: int) -> None:
    times = [datetime.fromisoformat(call["timestamp"]) for _, call in simulated(seed, 100, UNTIL)]

    assert times == sorted(times)
    assert times[0] >= UNTIL - timedelta(days=DAYS)
    assert times[-1] <= UNTIL


def test_no_event_is_there_twice() -> None:
    ids = [call["messageId"] for _, call in simulated(7, 250, UNTIL)]

    assert len(set(ids)) == len(ids)


def test_the_collector_accepts_every_one() -> None:
    calls = [call for _, call in simulated(7, 100, UNTIL)]
    arrival = Arrival("test", NOON + timedelta(days=30), lambda: "id")

    parsed = parse_batch(orjson.dumps({"batch": calls}), arrival, 32 * 1024)

    assert parsed.rejected == ()
    assert [event.id for event in parsed.events] == [call["messageId"] for call in calls]
    assert {event.commerce.action for event in parsed.events if event.commerce} == {
        "viewed",
        "added",
        "purchased",
    }
