"""Poll, parse, take, commit: in that order, so a crash repeats work and never loses it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from attune.adapters.kafka.source import KafkaSource, open_source
from attune.collect.event import decode
from attune.errors import AttuneError, Poison, Unavailable
from attune.ports import Consumer, Refused, Taken
from attune.settings import Kafka
from attune.stream import DeadLetter, Message
from attune.telemetry import ALIVE, DEAD_LETTERS, EVENTS_TAKEN, WAITS

_log = structlog.get_logger()

Clock = Callable[[], datetime]

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
"""Seconds between attempts while a store or the broker is away."""


async def run(consumer: Consumer, kafka: Kafka, stop: asyncio.Event, clock: Clock) -> None:
    """Run one consumer until `stop` is set; the batch in hand is finished and committed."""
    while not stop.is_set():
        try:
            async with open_source(
                kafka, consumer.name, consumer.topics, consumer.linger
            ) as source:
                _log.info("consumer.started", consumer=consumer.name, topics=consumer.topics)
                async for batch in source.batches(stop):
                    ALIVE.labels(consumer.name).set_to_current_time()
                    if batch:
                        await _take(consumer, source, batch, stop, clock)
        except Unavailable as error:
            _log.warning("consumer.waiting", consumer=consumer.name, reason=str(error))
            await _pause(stop, 1.0)


async def _take(
    consumer: Consumer,
    source: KafkaSource,
    batch: Sequence[Message],
    stop: asyncio.Event,
    clock: Clock,
) -> None:
    readable = []
    for message in batch:
        try:
            readable.append((message, Taken(message.position, decode(message.value))))
        except Poison as poison:
            await _put_aside(consumer, source, message, str(poison), clock())
    if await _settle(consumer, source, readable, stop, clock):
        await source.commit()


async def _settle(
    consumer: Consumer,
    source: KafkaSource,
    batch: Sequence[tuple[Message, Taken]],
    stop: asyncio.Event,
    clock: Clock,
) -> bool:
    """Take all that can be taken, and put aside the rest. False if told to stop meanwhile.

    A batch that breaks the consumer is halved until the message that does it is alone: taking
    again what was taken changes nothing, and one message must not stop all that follow it.
    """
    try:
        refused = await _insist(consumer, [taken for _, taken in batch], stop)
    except (AttuneError, OSError, MemoryError):
        raise  # something is to be mended here; no message is to blame
    except Exception as error:  # noqa: BLE001 - of a feature or a store: whatever it is, it stays
        if len(batch) > 1:
            half = len(batch) // 2
            return await _settle(consumer, source, batch[:half], stop, clock) and await _settle(
                consumer, source, batch[half:], stop, clock
            )
        _log.exception("consumer.broken", consumer=consumer.name)
        reason = f"{type(error).__name__}: {error}"
        await _put_aside(consumer, source, batch[0][0], reason, clock())
        return True
    if refused is None:
        return False
    messages = {message.position: message for message, _ in batch}
    for one in refused:
        await _put_aside(consumer, source, messages[one.position], one.reason, clock())
    EVENTS_TAKEN.labels(consumer.name).inc(len(batch) - len(refused))
    return True


async def _insist(
    consumer: Consumer, taken: Sequence[Taken], stop: asyncio.Event
) -> Sequence[Refused] | None:
    """Take until the store takes it: back-pressure, not loss. None if told to stop meanwhile."""
    wait = _FIRST_WAIT
    while True:
        try:
            return await consumer.take(taken)
        except Unavailable as error:
            WAITS.labels(consumer.name).inc()
            _log.warning("consumer.store_away", consumer=consumer.name, reason=str(error))
            await _pause(stop, wait)
            ALIVE.labels(consumer.name).set_to_current_time()
            wait = min(2 * wait, _LONGEST_WAIT)
            if stop.is_set():
                return None


async def _put_aside(
    consumer: Consumer, source: KafkaSource, message: Message, reason: str, at: datetime
) -> None:
    where = message.position
    letter = DeadLetter(
        where.topic,
        where.partition,
        where.offset,
        message.key,
        message.value,
        reason,
        consumer.name,
        at,
    )
    await source.dead_letter(letter)
    DEAD_LETTERS.labels(consumer.name).inc()
    _log.warning("consumer.dead_letter", consumer=consumer.name, reason=reason)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
