"""What breaks in the middle changes nothing in the end: crashes, restarts, every message twice."""

import asyncio
import random

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from histories import append, history, same_states, stored
from making import shopped
from roles import api, caught_up, consumer, wait_for

from attune.adapters.kafka.admin import create_topics, lag
from attune.adapters.postgres.migrate import migrate
from attune.dead import decode_record
from attune.settings import Settings
from attune.stream import BEHAVIORAL, DEAD, EVENTS
from cli.embedded.stack import Stack
from feature_repo.views import USER_FEATURES


@pytest.mark.timeout(240)
async def test_a_consumer_killed_in_mid_batch_again_and_again(settings: Settings) -> None:
    events = history(1, 20_000)
    await create_topics(settings.kafka)
    await append(settings, events)
    chance = random.Random(2)
    kills = 0
    while await lag(settings.kafka, "features", EVENTS) and kills < 6:
        with consumer(settings) as running:
            # Long enough to be in the middle of the first batches, short enough not to finish.
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            running.kill()
            kills += 1
    with consumer(settings) as running:
        await asyncio.to_thread(caught_up, settings, "features")
        assert running.stop() == 0

    assert kills >= 3
    await same_states(settings, events)


@pytest.mark.timeout(240)
async def test_every_message_twice(settings: Settings) -> None:
    events = history(3, 1_500)
    await append(settings, events)
    await append(settings, events)  # a producer that was not sure
    with consumer(settings):
        await asyncio.to_thread(caught_up, settings, "features")

    await same_states(settings, events)


@pytest.mark.timeout(240)
async def test_redis_and_the_broker_go_away_and_come_back(settings: Settings, stack: Stack) -> None:
    events = history(4, 3_000)
    await append(settings, events[:1_500])
    with consumer(settings) as running:
        await asyncio.to_thread(caught_up, settings, "features")

        await asyncio.to_thread(stack.redis.kill)
        await append(settings, events[1_500:2_000])
        await asyncio.to_thread(wait_for, lambda: "consumer.store_away" in running.output())
        await asyncio.to_thread(stack.redis.restart)
        await asyncio.to_thread(caught_up, settings, "features")

        await asyncio.to_thread(stack.kafka.kill)
        await asyncio.to_thread(stack.kafka.restart)
        await append(settings, events[2_000:])
        await asyncio.to_thread(caught_up, settings, "features")
        assert running.stop() == 0

    await same_states(settings, events)


def test_poison_is_put_aside_with_its_reason_and_the_rest_goes_on(settings: Settings) -> None:
    asyncio.run(_poison(settings))


async def _poison(settings: Settings) -> None:
    await create_topics(settings.kafka)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.brokers)
    await producer.start()
    topic = settings.kafka.topic_prefix + BEHAVIORAL
    await producer.send_and_wait(topic, b"\xff not an event", key=b"ada", partition=0)
    await producer.stop()
    await append(settings, [shopped("viewed")])
    with consumer(settings):
        await asyncio.to_thread(caught_up, settings, "features")
    dead = AIOKafkaConsumer(
        settings.kafka.topic_prefix + DEAD,
        bootstrap_servers=settings.kafka.brokers,
        auto_offset_reset="earliest",
    )
    await dead.start()
    letter = decode_record((await dead.getone()).value)
    await dead.stop()

    assert (letter.topic, letter.partition, letter.offset) == (BEHAVIORAL, 0, 0)
    assert letter.value == b"\xff not an event"
    assert "JSON is malformed" in letter.reason
    assert (await stored(settings, ["ada"], USER_FEATURES))["ada"].states


def test_the_collector_says_503_without_kafka_and_recovers(
    settings: Settings, stack: Stack
) -> None:
    call = {"event": "Product Viewed", "userId": "ada", "properties": {"product_id": "p"}}
    migrate(settings)
    with api(settings, ATTUNE_KAFKA__ACK_TIMEOUT="PT1S") as client:
        assert client.post("/v1/track", json=call).status_code == 200
        stack.kafka.kill()
        refused = client.post("/v1/track", json=call)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/health/live").status_code == 200
        stack.kafka.restart()
        wait_for(lambda: client.post("/v1/track", json=call).status_code == 200)


def test_the_collector_accepts_while_redis_and_postgres_are_away(
    settings: Settings, stack: Stack
) -> None:
    call = {"event": "Product Viewed", "userId": "ada", "properties": {"product_id": "p"}}
    migrate(settings)
    with api(settings) as client:
        stack.redis.kill()
        stack.postgres.kill()
        try:
            assert client.post("/v1/track", json=call).status_code == 200
            assert client.get("/health/ready").json()["status"] == "degraded"
        finally:
            stack.redis.restart()
            stack.postgres.restart()
        with consumer(settings):
            caught_up(settings, "features")
        wait_for(lambda: client.get("/health/ready").json()["status"] == "ready")
        query = {"query": '{ user(id: "ada") { features { activity { views1h } } } }'}
        answer = client.post("/graphql", json=query).json()["data"]["user"]
        assert answer["features"]["activity"]["views1h"] == 1


def test_the_answer_says_what_is_degraded_and_recovers(settings: Settings, stack: Stack) -> None:
    query = {"query": '{ user(id: "ada") { degraded features { session { sessions } } } }'}

    def answer(client: object) -> dict:
        body = client.post("/graphql", json=query).json()
        assert "errors" not in body
        return body["data"]["user"]

    migrate(settings)
    with api(settings) as client:
        assert answer(client) == {"degraded": [], "features": {"session": {"sessions": 0}}}
        stack.redis.kill()
        away = answer(client)
        assert away["features"] == {"session": {"sessions": 0}}
        assert any("Redis is unavailable" in part for part in away["degraded"])
        stack.redis.restart()
        wait_for(lambda: answer(client)["degraded"] == [])
        stack.postgres.kill()
        assert answer(client)["features"] == {"session": {"sessions": 0}}
        stack.postgres.restart()
        wait_for(lambda: answer(client)["degraded"] == [])
