"""A view that cannot be read is told: once, and when the rest of its row is stored."""

from datetime import timedelta

import pytest
from making import NOON, event, shopped
from structlog.testing import capture_logs

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event
from attune.errors import Unavailable
from attune.ports import Row, Taken, Write
from attune.stream import Position, topic_of
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES


class Failing(MemoryStore):
    """Refuses to save so many times."""

    failures = 0

    async def save(self, writes: list[Write]) -> set[str]:  # type: ignore[override]
        if self.failures:
            self.failures -= 1
            raise Unavailable("Redis", "away")
        return await super().save(writes)


@pytest.fixture
async def store() -> Failing:
    """A store in which a view of ada's is damaged."""
    store = Failing()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed"), 0))
    row = store.rows["ada"]
    damaged = {**row.states, "interest": b"\0" * 40}
    store.rows["ada"] = Row(row.version, damaged, row.records)
    return store


async def test_it_is_told_once_however_often_the_visitor_comes(store: Failing) -> None:
    features = Features((store, USER_FEATURES))
    with capture_logs() as logs:
        for number in range(1, 6):
            await features.take(taken(identified(number), number))

    assert [log["event"] for log in logs] == ["features.state_lost"]
    assert logs[0]["entity"] == "ada"
    assert "user_interest v1 does not begin as it should" in logs[0]["reason"]


async def test_it_is_not_told_again_for_each_attempt_to_save(store: Failing) -> None:
    features = Features((store, USER_FEATURES))
    store.failures = 3
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await features.take(taken(identified(1), 1))
        assert not logs
        await features.take(taken(identified(1), 1))

    assert [log["event"] for log in logs] == ["features.state_lost"]


def identified(number: int) -> Event:
    """An event that touches no view."""
    return event(type="identify", anonymous_id=None, at=NOON + timedelta(seconds=number))


def taken(one: Event, offset: int) -> list[Taken]:
    return [Taken(Position(topic_of(one), 0, offset), one)]
