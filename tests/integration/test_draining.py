"""A consumer leaves well when it is told to, and stays while its store is away."""

import asyncio
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
from histories import append, history, same_states
from making import event
from polling import Recording
from prometheus_client.parser import text_string_to_metric_families
from roles import caught_up, consumer, members, wait_for

from attune.adapters.kafka.admin import create_topics, lag
from attune.errors import Unavailable
from attune.ports import Refused, Taken
from attune.settings import Settings
from attune.stream import BEHAVIORAL, EVENTS
from cli.embedded.stack import Stack
from consumers.runner import run


def with_kafka(settings: Settings, **more: timedelta) -> Settings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update=more)})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def metric(port: int, name: str) -> float:
    """The sum of a metric over its labels, 0 before there is any."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    except httpx.TransportError:
        return 0.0
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
    return sum(one.value for one in samples if one.name == f"attune_{name}")


def taken_in(output: str) -> int:
    """How many events a consumer says it has committed, when it stops."""
    (line,) = (line for line in output.splitlines() if "consumer.stopped" in line)
    return int(line.split('"events":')[1].split(",")[0].rstrip("}"))


async def test_the_batch_in_hand_is_finished_and_committed_and_no_other(settings: Settings) -> None:
    events = history(8, 20_000)
    await create_topics(settings.kafka)
    await append(settings, events)
    port = free_port()
    with consumer(settings, ATTUNE_CONSUME__METRICS_PORT=str(port)) as running:
        await asyncio.to_thread(wait_for, lambda: metric(port, "consumer_events_total") > 0)
        assert metric(port, "consumer_batch_events_count") >= 1
        assert metric(port, "consumer_take_seconds_count") >= 1
        assert metric(port, "consumer_freshness_seconds_count") >= 1

        assert await asyncio.to_thread(running.stop) == 0
        taken = taken_in(running.output())

    assert await lag(settings.kafka, "features", EVENTS) == len(events) - taken
    with consumer(settings):
        await asyncio.to_thread(caught_up, settings, "features")
    await same_states(settings, events)


async def test_who_leaves_is_followed_at_once(settings: Settings) -> None:
    # Far longer than the test may take: nobody is given up for being silent.
    patient = with_kafka(settings, session_timeout=timedelta(seconds=45))
    await create_topics(patient.kafka)
    with consumer(patient) as first, consumer(patient):
        async with asyncio.timeout(30):
            while len(await members(patient)) != 2:
                await asyncio.sleep(0.1)

        assert await asyncio.to_thread(first.stop) == 0
        await append(patient, history(9, 500))
        await asyncio.to_thread(caught_up, patient, "features", seconds=20)


async def test_it_leaves_though_its_store_and_then_its_broker_are_away(
    settings: Settings, stack: Stack
) -> None:
    events = history(10, 500)
    await append(settings, events)
    await asyncio.to_thread(stack.redis.kill)
    try:
        with consumer(settings) as first, consumer(settings, "measure") as second:
            await asyncio.to_thread(wait_for, lambda: "consumer.store_away" in first.output())
            began = time.monotonic()
            assert await asyncio.to_thread(first.stop) == 0
            assert await lag(settings.kafka, "features", EVENTS) == len(events)

            await asyncio.to_thread(stack.kafka.kill)
            assert await asyncio.to_thread(second.stop) == 0
            assert time.monotonic() - began < 15
    finally:
        await asyncio.to_thread(stack.redis.restart)
        await asyncio.to_thread(stack.kafka.restart)
    with consumer(settings):
        await asyncio.to_thread(caught_up, settings, "features")
    await same_states(settings, events)


class Patient(Recording):
    """Its store is away for a while, which `back` ends."""

    name = "patient"

    def __init__(self) -> None:
        super().__init__()
        self.away = asyncio.Event()
        self.back = asyncio.Event()
        self.held: set[int] = set()

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        if not self.back.is_set():
            self.away.set()
            self.held.add(len(batch))
            raise Unavailable("the store", "injected")
        return await super().take(batch)


async def test_a_store_that_is_long_away_costs_neither_the_place_in_the_group_nor_an_event(
    settings: Settings,
) -> None:
    impatient = with_kafka(settings, max_poll_interval=timedelta(seconds=1))
    await create_topics(impatient.kafka)
    patient, stop = Patient(), asyncio.Event()
    running = asyncio.create_task(run(patient, impatient, stop, lambda: datetime.now(UTC)))
    try:
        async with asyncio.timeout(60):
            while not (before := await members(impatient, "patient")):
                await asyncio.sleep(0.1)
            await append(impatient, [event(id="m0")])
            await patient.away.wait()
            await append(impatient, [event(id=f"m{n}") for n in range(1, 50)])
            await asyncio.sleep(4)  # the time itself is what it is about
            patient.back.set()
            while await lag(impatient.kafka, "patient", (BEHAVIORAL,)):
                await asyncio.sleep(0.1)
            assert await members(impatient, "patient") == before
    finally:
        stop.set()
        await running

    assert patient.held == {1}  # nothing was gathered meanwhile
    assert sorted(patient.taken) == sorted(f"m{n}" for n in range(50))
