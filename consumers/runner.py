"""Poll, parse, take, put aside, commit: in that order, so a crash repeats work, never loses it."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from attune.adapters.kafka.member import open_source
from attune.adapters.kafka.source import KafkaSource
from attune.errors import Unavailable
from attune.ports import Consumer
from attune.settings import Settings
from attune.stream import Message
from consumers.batch import Batch
from consumers.share import Share
from consumers.taking import Insisting, Interrupted, Taking, pause
from consumers.watch import Clock, Watch

_log = structlog.get_logger()

_RECONNECT_AFTER = 1.0  # seconds


async def run(consumer: Consumer, settings: Settings, stop: asyncio.Event, clock: Clock) -> None:
    """Run one consumer until `stop` is set; the batch in hand is finished and committed.

    Raises:
        TooMuchPoison: so much would be put aside that something else must be wrong.
        ConfigurationError: what the consumer needs refuses us.
    """
    runner = Runner(consumer, settings.consume.max_dead_letter_share, stop, clock)
    while not stop.is_set():
        try:
            async with open_source(
                settings.kafka, consumer.name, consumer.topics, consumer.linger
            ) as source:
                _log.info("consumer.started", consumer=consumer.name, topics=consumer.topics)
                await runner.follow(source)
        except Unavailable as error:
            _log.warning("consumer.waiting", consumer=consumer.name, reason=str(error))
            await pause(stop, _RECONNECT_AFTER)
    runner.watch.stopped()


class Runner:
    """One consumer with what it remembers from batch to batch."""

    def __init__(
        self, consumer: Consumer, max_share: float, stop: asyncio.Event, clock: Clock
    ) -> None:
        self._consumer = consumer
        self._stop = stop
        self._clock = clock
        self._read: set[tuple[str, int]] = set()
        self._share = Share(consumer.name, max_share)
        self.watch = Watch(consumer.name, clock)

    async def follow(self, source: KafkaSource) -> None:
        """Take what the source yields, until told to stop.

        Raises:
            Emptied: a store is not what it was when we joined; nothing of the batch in hand is
                committed, so that who joins anew begins with it.
        """
        insist = Insisting(self.watch, self._stop, partial(self._hold, source))
        try:
            async for messages in source.batches(self._stop):
                await self.watch.look(source.lag)
                if source.joined():
                    await self._join(source, insist)
                if messages:
                    await self._take(source, messages, insist)
        except Interrupted:
            return  # not committed: whoever is next takes it

    async def _join(self, source: KafkaSource, insist: Insisting) -> None:
        async def attempt() -> None:
            await self._consumer.joins(await source.going_on())

        await insist.on(attempt)
        self._read.clear()

    async def _hold(self, source: KafkaSource) -> None:
        await source.hold()
        await self.watch.look(source.lag)

    def _unread(self, messages: Sequence[Message]) -> dict[tuple[str, int], int]:
        """Return where partitions begin that were not read before, poison and all."""
        first: dict[tuple[str, int], int] = {}
        for message in messages:
            place = (message.position.topic, message.position.partition)
            if place not in self._read and place not in first:
                first[place] = message.position.offset
        return first

    async def _take(
        self, source: KafkaSource, messages: Sequence[Message], insist: Insisting
    ) -> None:
        if first := self._unread(messages):
            await insist.on(lambda: self._consumer.begins(first))
            self._read.update(first)
        batch = Batch(self._consumer.name, messages, self._share)
        if batch.events:
            await Taking(self._consumer, self.watch, insist, batch.refuse).take(batch.events)
        if batch.asides:
            self.watch.puts_aside(aside.refused for aside in batch.asides)
            await source.put_aside(batch.letters(self._clock()))
        await source.commit()
        batch.passed()
        self.watch.passed(batch.taken, len(batch.asides))
