"""Events that come later than features wait for are counted, each once."""

from datetime import timedelta

from making import NOON, shopped
from prometheus_client import REGISTRY

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event
from attune.ports import Taken
from attune.stream import BEHAVIORAL, Position
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

DAY = timedelta(hours=24)


async def test_an_event_of_more_than_a_day_ago_is_counted_and_a_retry_of_it_is_not() -> None:
    features = Features((MemoryStore(), USER_FEATURES))
    before = counted()

    await features.take(taken(0, shopped("viewed", id="in-time", received_at=NOON + DAY)))
    assert counted() == before

    late = shopped("viewed", id="late", received_at=NOON + DAY + timedelta(seconds=1))
    await features.take(taken(1, late))
    assert counted() == before + 1

    await features.take(taken(2, late))
    assert counted() == before + 1


def counted() -> float:
    return REGISTRY.get_sample_value("attune_events_late_total", {"consumer": "features"}) or 0


def taken(offset: int, one: Event) -> list[Taken]:
    return [Taken(Position(BEHAVIORAL, 0, offset), one)]
