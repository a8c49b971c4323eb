"""Appending accepted events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from attune.adapters.kafka.admin import check_addresses, create_topics
from attune.adapters.kafka.connection import survive_closing
from attune.collect.event import Event, encode
from attune.ending import running
from attune.errors import Unavailable
from attune.ports import EventLog
from attune.settings import Kafka
from attune.stream import topic_of

_log = structlog.get_logger()

_RETRY_AFTER = 1.0  # seconds


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
    check_addresses(settings)
    survive_closing()
    log = KafkaLog(settings)
    try:
        async with running(log.connect()):
            yield log
    finally:
        await log.close()
