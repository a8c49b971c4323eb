"""Consuming as a member of a group, in batches, and putting aside what cannot be consumed."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
)

from attune.adapters.kafka.admin import create_topics
from attune.errors import Unavailable
from attune.settings import Kafka
from attune.stream import DEAD, DeadLetter, Message, Position, encode_dead_letter, shortened

_log = structlog.get_logger()

_MAX_RECORDS = 5000
"""Of one batch: large ones are 2.5 to 3 times cheaper to fetch than single messages."""


class KafkaSource:
    """What one member of a consumer group is given to read, batch by batch."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, prefix: str, linger: float
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._prefix = prefix
        self._linger = linger

    async def batches(self, stop: asyncio.Event) -> AsyncIterator[list[Message]]:
        """Yield what has come, also nothing, until told to stop. Partitions keep their order."""
        while not stop.is_set():
            yield await self._gather(stop)

    async def _gather(self, stop: asyncio.Event) -> list[Message]:
        batch = await self._poll(_MAX_RECORDS, 200)
        until = time.monotonic() + self._linger
        while batch and not stop.is_set() and len(batch) < _MAX_RECORDS:
            left = until - time.monotonic()
            if left <= 0:
                break
            batch += await self._poll(_MAX_RECORDS - len(batch), round(left * 1000))
        return batch

    async def _poll(self, records: int, timeout_ms: int) -> list[Message]:
        found = await self._consumer.getmany(timeout_ms=min(timeout_ms, 200), max_records=records)
        cut = len(self._prefix)
        return [
            Message(Position(m.topic[cut:], m.partition, m.offset), m.key, m.value or b"")
            for messages in found.values()
            for m in messages
        ]

    async def dead_letter(self, letter: DeadLetter) -> None:
        """Return when the dead-letter topic has it, shortened if it is too large to be sent."""
        try:
            await self._send(letter)
        except MessageSizeTooLargeError:
            await self._send(shortened(letter))

    async def _send(self, letter: DeadLetter) -> None:
        await self._producer.send_and_wait(
            self._prefix + DEAD, encode_dead_letter(letter), key=letter.key
        )

    async def commit(self) -> None:
        """Commit all that was yielded. After a rebalance somebody else repeats it: no harm."""
        try:
            await self._consumer.commit()
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("consumer.commit_refused", reason=str(error))


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
    await create_topics(settings)
    consumer = AIOKafkaConsumer(
        *(prefix + topic for topic in topics),
        bootstrap_servers=settings.brokers,
        group_id=prefix + group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=session,
        heartbeat_interval_ms=min(500, session // 3),  # a rebalance takes one to be noticed
        max_poll_interval_ms=300_000,
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
    try:
        await producer.start()
        await consumer.start()
        yield KafkaSource(consumer, producer, prefix, linger)
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await _leave(consumer)
        await producer.stop()


async def _leave(consumer: AIOKafkaConsumer) -> None:
    """Stop a member of a group.

    Stopped while a fetch waits to be tried again, aiokafka 0.14 cancels that and lets the
    CancelledError out: it would pass for our own, and end the consumer for good without a word.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled():
        await consumer._client.close()  # noqa: SLF001 - what `stop` did not come to
    else:
        stopping.result()
