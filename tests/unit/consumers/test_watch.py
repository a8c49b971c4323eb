"""What operators see: counted by the batch, and forgotten when it is somebody else's."""

from datetime import timedelta

import pytest
from making import NOON, event, taken
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from attune.ports import Refused
from attune.stream import BEHAVIORAL, Position
from consumers.watch import Lag, Watch


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"attune_{name}", labels)


def asked(lag: Lag | None) -> object:
    async def ask() -> Lag | None:
        return lag

    return ask


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a consumer is; whoever imports Feast says that there are many."""
    for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"):
        monkeypatch.delenv(name, raising=False)


async def test_freshness_is_that_of_the_oldest_event_when_it_is_durable(time: Time) -> None:
    watch = Watch("fresh", lambda: NOON + timedelta(seconds=3), time)

    watch.took(taken(event(at=NOON + timedelta(seconds=2)), event(at=NOON)), 0.25)

    assert value("consumer_freshness_seconds_sum", consumer="fresh") == 3.0
    assert value("consumer_take_seconds_sum", consumer="fresh") == 0.25
    assert value("consumer_batch_events_sum", consumer="fresh") == 2.0


async def test_the_lag_of_a_partition_that_went_to_somebody_else_is_gone(time: Time) -> None:
    def shown(partition: int) -> float | None:
        labels = {"topic": BEHAVIORAL, "partition": str(partition)}
        return value("consumer_lag_messages", consumer="lagging", **labels)

    watch = Watch("lagging", lambda: NOON, time)
    await watch.look(asked({(BEHAVIORAL, 0): 7, (BEHAVIORAL, 1): 3}))
    time.now = 1.0
    await watch.look(asked({(BEHAVIORAL, 0): 99}))  # too soon: nobody is asked
    assert (shown(0), shown(1)) == (7, 3)

    time.now = 6.0
    await watch.look(asked({(BEHAVIORAL, 0): 0}))
    assert (shown(0), shown(1)) == (0, None)

    time.now = 12.0
    await watch.look(asked(None))  # the broker does not answer
    assert shown(0) == 0


async def test_where_labels_cannot_be_removed_nothing_breaks(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "set")
    watch = Watch("one-of-many", lambda: NOON, time)
    await watch.look(asked({(BEHAVIORAL, 0): 7}))
    time.now = 6.0

    await watch.look(asked({}))


async def test_a_line_tells_of_ten_seconds_and_none_of_idle_ones(time: Time) -> None:
    watch = Watch("busy", lambda: NOON, time)
    with capture_logs() as lines:
        for second in range(31):
            time.now = float(second)
            if second < 15:
                watch.passed(100, aside=1)
            await watch.look(asked({(BEHAVIORAL, 0): 0}))

    progress = [line for line in lines if line["event"] == "consumer.progress"]
    assert [line["events_per_second"] for line in progress] == [110, 40]
    assert [line["dead_letters"] for line in progress] == [11, 4]
    assert value("consumer_events_total", consumer="busy") == 1500
    assert value("dead_letters_total", consumer="busy") == 15


async def test_a_line_tells_of_a_consumer_that_is_stuck(time: Time) -> None:
    watch = Watch("stuck", lambda: NOON, time)
    with capture_logs() as lines:
        await watch.look(asked({(BEHAVIORAL, 0): 12, (BEHAVIORAL, 1): 3}))
        time.now = 10.0
        await watch.look(asked(None))

    assert [(line["events_per_second"], line["lag"]) for line in lines] == [(0, 15)]


async def test_messages_put_aside_are_a_line_a_reason(time: Time) -> None:
    refused = [
        Refused(Position(BEHAVIORAL, 0, n), "odd" if n % 3 else "divisible") for n in range(9)
    ]
    with capture_logs() as lines:
        Watch("picky", lambda: NOON, time).puts_aside(refused)

    assert [(line["reason"], line["count"]) for line in lines] == [("divisible", 3), ("odd", 6)]
