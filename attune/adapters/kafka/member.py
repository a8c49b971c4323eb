"""Joining a consumer group, and leaving it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from attune.adapters.kafka.admin import create_topics
from attune.adapters.kafka.connection import survive_closing
from attune.adapters.kafka.source import KafkaSource
from attune.errors import Unavailable
from attune.settings import Kafka

_log = structlog.get_logger()

_LEAVE = 3.0
"""Seconds; what is not done by then is done by the group, which gives up a silent member."""


@asynccontextmanager
async def open_source(
    settings: Kafka, group: str, topics: Sequence[str], linger: float
) -> AsyncIterator[KafkaSource]:
    """Join a consumer group and yield what it gives us.

    Raises:
        Unavailable: no broker answers.
    """
    prefix = settings.topic_prefix
    session = round(settings.session_timeout.total_seconds() * 1000)
    survive_closing()
    await create_topics(settings)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        group_id=prefix + group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=session,
        heartbeat_interval_ms=min(500, session // 3),  # a rebalance takes one to be noticed
        max_poll_interval_ms=round(settings.max_poll_interval.total_seconds() * 1000),
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
    source = KafkaSource(consumer, producer, prefix, linger)
    consumer.subscribe([prefix + topic for topic in topics], listener=source)
    try:
        await producer.start()
        await consumer.start()
        yield source
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await source.close(_LEAVE)
        await _leave(consumer)
        await _stop(producer)


async def _leave(consumer: AIOKafkaConsumer) -> None:
    """Stop a member of a group; others have its partitions at once.

    Stopped while a fetch waits to be tried again, aiokafka 0.14 cancels that and lets the
    CancelledError out: it would pass for our own, and end the consumer for good without a word.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping], timeout=_LEAVE)
    try:
        if stopping.done() and not stopping.cancelled():
            stopping.result()
            return
        stopping.cancel()
        await consumer._client.close()  # noqa: SLF001 - what `stop` did not come to
    except Exception as error:  # noqa: BLE001 - whatever it is, we are gone, and the group will see
        _log.warning("consumer.left_in_silence", reason=str(error))


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop it, in time: without a broker it would wait for ever to send what it holds.

    Nothing of that is lost: what was put aside is not committed before it is acknowledged.
    """
    try:
        async with asyncio.timeout(_LEAVE):
            await producer.stop()
    except TimeoutError:
        _log.warning("kafka.not_flushed")
