"""Kafka: appending accepted events, and consuming them in batches."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import collect_hosts
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAlreadyExistsError,
    for_code,
)

from attune.collect.event import Event, encode
from attune.errors import ConfigurationError, Unavailable
from attune.ports import EventLog
from attune.settings import Kafka
from attune.stream import (
    DEAD,
    TOPICS,
    DeadLetter,
    Message,
    Position,
    encode_dead_letter,
    shortened,
    topic_of,
)

_log = structlog.get_logger()

_RETRY_AFTER = 1.0  # seconds
_MAX_RECORDS = 5000
"""Of one batch: large ones are 2.5 to 3 times cheaper to fetch than single messages."""


async def create_topics(settings: Kafka, topics: Iterable[str] = TOPICS) -> list[str]:
    """Create the topics that do not exist yet; return their names.

    Raises:
        Unavailable: no broker answers.
    """
    async with _admin(settings) as admin:
        missing = await _missing(admin, settings, topics)
        if missing:
            reply = await admin.create_topics(
                [NewTopic(name, settings.partitions, settings.replication) for name in missing]
            )
            for name, code, *_ in reply.topic_errors:
                if code and not issubclass(for_code(code), TopicAlreadyExistsError):
                    raise for_code(code)(f"topic {name}")
        return missing


async def topics_missing(settings: Kafka, topics: Iterable[str] = TOPICS) -> list[str]:
    """Return the topics that do not exist yet.

    Raises:
        Unavailable: no broker answers.
    """
    async with _admin(settings) as admin:
        return await _missing(admin, settings, topics)


async def _missing(admin: AIOKafkaAdminClient, settings: Kafka, topics: Iterable[str]) -> list[str]:
    existing = set(await admin.list_topics())
    return [name for topic in topics if (name := settings.topic_prefix + topic) not in existing]


def _check(settings: Kafka) -> None:
    try:
        collect_hosts(settings.brokers)
    except ValueError as error:
        raise ConfigurationError(
            f"ATTUNE_KAFKA__BROKERS is {settings.brokers!r}: name host:port, comma-separated"
        ) from error


@asynccontextmanager
async def _admin(settings: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    _check(settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await admin.close()


class KafkaLog(EventLog):
    """A producer that waits for all in-sync replicas, and that comes back by itself."""

    def __init__(self, settings: Kafka) -> None:
        self._settings = settings
        self._timeout = settings.ack_timeout.total_seconds()
        self._producer: AIOKafkaProducer | None = None
        self._ready = asyncio.Event()
        self._spent = asyncio.Event()

    async def append(self, events: Sequence[Event]) -> None:
        """See `EventLog.append`."""
        producer = self._producer
        if producer is None:
            raise Unavailable("Kafka", "not connected yet")
        prefix = self._settings.topic_prefix
        try:
            async with asyncio.timeout(self._timeout):
                acknowledged = [
                    await producer.send(
                        prefix + topic_of(event), encode(event), key=event.profile.encode()
                    )
                    for event in events
                ]
                await asyncio.gather(*acknowledged)
        except TimeoutError as error:
            raise Unavailable(
                "Kafka", f"no acknowledgement within {self._timeout:g} s", retry_after=2
            ) from error
        except (KafkaError, OSError) as error:
            if isinstance(error, KafkaError) and not error.retriable:
                self._replace(producer)
            raise Unavailable("Kafka", str(error)) from error

    def _replace(self, producer: AIOKafkaProducer) -> None:
        """Have `connect` make another producer.

        One that lost its place in the sequence of messages is refused for ever after.
        """
        if self._producer is producer:
            self._producer = None
            self._spent.set()

    @property
    def connected(self) -> bool:
        """Whether a broker has ever answered; the client reconnects by itself after that."""
        return self._ready.is_set()

    async def ready(self) -> None:
        """Wait for the first connection."""
        await self._ready.wait()

    async def connect(self) -> None:
        """Connect, and anew when that is the only cure, for ever; `append` says 503 meanwhile."""
        while True:
            producer = await self._connected()
            self._producer = producer
            self._ready.set()
            await self._spent.wait()
            self._spent.clear()
            _log.error("kafka.producer_replaced")
            await self._stop(producer)

    async def _connected(self) -> AIOKafkaProducer:
        """Return a producer as soon as a broker answers and the topics exist."""
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.brokers,
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=round(self._timeout * 1000),
                max_request_size=2 * 1024 * 1024,
            )
            try:
                await create_topics(self._settings)
                await producer.start()
            except (Unavailable, KafkaError, OSError) as error:
                _log.warning("kafka.waiting", brokers=self._settings.brokers, reason=str(error))
                await producer.stop()
                await asyncio.sleep(_RETRY_AFTER)
            else:
                return producer

    async def close(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            await self._stop(self._producer)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        """Stop it, in time: without a broker it would wait for ever to send what it holds.

        Nothing of that is lost: its senders have been told that it was not accepted.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await producer.stop()
        except TimeoutError:
            _log.warning("kafka.not_flushed", brokers=self._settings.brokers)


@asynccontextmanager
async def open_log(settings: Kafka) -> AsyncIterator[KafkaLog]:
    """Yield a log that connects in the background, so that a program starts without Kafka.

    Raises:
        ConfigurationError: the addresses of the brokers are none.
    """
    _check(settings)
    log = KafkaLog(settings)
    connecting = asyncio.create_task(log.connect())
    try:
        yield log
    finally:
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await connecting
        await log.close()


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


async def lag(settings: Kafka, group: str, topics: Iterable[str]) -> int:
    """Return how many messages a consumer group has not yet committed.

    Raises:
        Unavailable: no broker answers.
    """
    _check(settings)
    names = [settings.topic_prefix + topic for topic in topics]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        group_id=settings.topic_prefix + group,
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        places = [
            TopicPartition(name, partition)
            for name in names
            for partition in await _partitions(consumer, name)
        ]
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        done = [await consumer.committed(place) for place in places]
        return sum(
            ends[place] - (begins[place] if offset is None else offset)
            for place, offset in zip(places, done, strict=True)
        )
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - else it knows only subscribed topics
    return consumer.partitions_for_topic(topic) or set()
