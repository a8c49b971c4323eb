from datetime import timedelta

import pytest
import traffic
from making import NOON

from attune.collect.event import decode, encode


@pytest.fixture(params=["file", "simulated"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "simulated":
        monkeypatch.setattr(traffic, "REES46", traffic.REES46.with_name("absent.csv"))
    elif not traffic.REES46.exists():
        pytest.skip("REES46's sample is not beside the project")


@pytest.mark.usefixtures("source")
def test_events_end_at_the_moment_and_come_in_order() -> None:
    events = traffic.shop_events(20_000, NOON)
    times = [event.timestamp for event in events]

    assert len(events) == 20_000
    assert times == sorted(times)
    assert timedelta(0) <= NOON - times[-1] < timedelta(days=1)


@pytest.mark.usefixtures("source")
def test_every_event_is_another_one_and_can_be_decoded() -> None:
    events = traffic.shop_events(20_000, NOON)

    assert len({event.id for event in events}) == len(events)
    assert all(decode(encode(event)).profile == event.profile for event in events[::1000])


@pytest.mark.usefixtures("source")
def test_the_copies_are_other_visitors() -> None:
    one, three = traffic.shop_events(10_000, NOON), traffic.shop_events(40_000, NOON)

    assert len({e.profile for e in three}) > 2 * len({e.profile for e in one})
