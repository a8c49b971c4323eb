"""All three servers answer, and what they acknowledged survives their crash."""

import asyncio

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis import Redis
from redis.exceptions import NoPermissionError

from attune.settings import Settings
from cli.embedded.server import Server
from cli.embedded.stack import Stack


def _crash(server: Server) -> None:
    before = server.pid
    server.kill()
    assert server.died()
    server.restart()
    assert not server.died()
    assert server.pid != before


async def _produce(settings: Settings, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.brokers, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def _consume(settings: Settings, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.brokers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def _create(settings: Settings, name: str) -> str:
    topic = settings.kafka.topic_prefix + name
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    return topic


async def test_kafka_keeps_what_it_acknowledged_through_a_crash(
    stack: Stack, settings: Settings
) -> None:
    topic = await _create(settings, "crash")
    await _produce(settings, topic, [b"1", b"2", b"3"])

    await asyncio.to_thread(_crash, stack.kafka)

    await _produce(settings, topic, [b"4"])
    assert await _consume(settings, topic, 4) == [b"1", b"2", b"3", b"4"]


def test_redis_keeps_what_it_acknowledged_through_a_crash(stack: Stack, settings: Settings) -> None:
    with Redis.from_url(str(settings.redis)) as redis:
        redis.hset(f"ada{settings.project}", "state", "x" * 1000)

    _crash(stack.redis)

    with Redis.from_url(str(settings.redis)) as redis:
        assert redis.hget(f"ada{settings.project}", "state") == b"x" * 1000


def test_redis_keeps_a_profile_packed(settings: Settings) -> None:
    with Redis.from_url(str(settings.redis)) as redis:
        redis.hset(f"ada{settings.project}", "state", "x" * 2048)
        assert redis.object("encoding", f"ada{settings.project}") in {b"ziplist", b"listpack"}


def test_redis_writes_no_file_of_a_clients_choice(settings: Settings) -> None:
    with Redis.from_url(str(settings.redis)) as redis:
        assert redis.config_get("appendonly") == {"appendonly": "yes"}
        with pytest.raises(NoPermissionError):
            redis.config_set("dir", "/tmp")  # noqa: S108  (it is refused)


async def test_postgres_keeps_what_it_committed_through_a_crash(
    stack: Stack, settings: Settings
) -> None:
    schema = settings.postgres_schema
    connection = await asyncpg.connect(str(settings.postgres))
    await connection.execute(f"create schema {schema}")
    await connection.execute(f"create table {schema}.kept (n int)")
    await connection.execute(f"insert into {schema}.kept values (42)")

    await asyncio.to_thread(_crash, stack.postgres)

    await connection.close(timeout=1)
    connection = await asyncpg.connect(str(settings.postgres))
    assert await connection.fetchval(f"select n from {schema}.kept") == 42
    await connection.close()


async def test_postgres_has_vectors(settings: Settings) -> None:
    connection = await asyncpg.connect(str(settings.postgres))
    await connection.execute(f"create schema {settings.postgres_schema}")
    await connection.execute("create extension if not exists vector")
    nearest = await connection.fetchval("select '[1,2]'::vector <-> '[1,5]'::vector")
    await connection.close()
    assert nearest == 3.0


async def test_postgres_asks_for_its_password(settings: Settings) -> None:
    (host,) = settings.postgres.hosts()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host=host["host"], port=host["port"], user="postgres", password="")
