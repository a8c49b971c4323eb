"""What a member of a group reads, in batches; and putting aside what cannot be consumed."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from itertools import chain, starmap
from typing import Any

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
)

from attune.adapters.kafka.admin import going_on
from attune.dead import DeadLetter, encode_record, shortened
from attune.errors import Unavailable
from attune.ports import Places
from attune.stream import DEAD, ONLY, Message, Position

_log = structlog.get_logger()

_MAX_RECORDS = 10_000
"""Of one batch: who is behind writes a row once for all that a visitor did in it. With half as many
an event takes a sixth more time; memory has 20 MB less."""
_LONGEST_POLL = 0.2
_HOLD_EVERY, _HOLD = 0.4, 0.1
_LAG = 2.0
"""Seconds."""
_ASKING = 3.0
"""Seconds; without a broker aiokafka would ask for ever."""
_NOBODYS = TopicPartition("", 0)


class KafkaSource(ConsumerRebalanceListener):  # type: ignore[misc]
    """What one member of a consumer group is given to read, batch by batch."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, prefix: str, linger: float
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._prefix = prefix
        self._linger = linger
        self._yielded: dict[TopicPartition, int] = {}
        """The offset after the last one that was yielded, since the group has formed."""
        self._committed: dict[TopicPartition, int] = {}
        """The offset from which on those are not committed yet."""
        self._committing: asyncio.Task[None] | None = None
        self._holding: asyncio.Task[object] | None = None
        self._polled = time.monotonic()
        self._joined = False

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Do nothing: what is in hand is finished, and may be refused."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Note that the group has formed anew, with us."""
        del assigned
        self._joined = True
        self._yielded.clear()  # each partition goes on from what is committed
        self._committed.clear()

    def joined(self) -> bool:
        """Say whether the group has formed anew since this was asked.

        Then all of it reads on from what is committed, also what members have read before.
        """
        joined, self._joined = self._joined, False
        return joined

    async def going_on(self) -> Places:
        """Return where the group goes on in each partition of its topics, also in others' ones.

        Once the group has formed, what a member had in hand is committed by then, or is refused.

        Raises:
            Unavailable: no broker answers in time.
        """
        try:
            async with asyncio.timeout(_ASKING):
                await self._settled()
                found = await going_on(self._consumer, self._consumer.subscription())
        except (TimeoutError, KafkaError) as error:
            reason = str(error) or f"no answer within {_ASKING:g} s"
            raise Unavailable("Kafka", reason) from error
        return {self._place(place): offset for place, offset in found.items()}

    def _place(self, place: TopicPartition) -> tuple[str, int]:
        return place.topic.removeprefix(self._prefix), place.partition

    async def batches(self, stop: asyncio.Event) -> AsyncIterator[list[Message]]:
        """Yield what has come, also nothing, until told to stop. Partitions keep their order."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                yield await self._gather(stopping)
            await self._settled()
        finally:
            stopping.cancel()

    async def _gather(self, stopping: asyncio.Task[Any]) -> list[Message]:
        batch = await self._poll(_MAX_RECORDS, _LONGEST_POLL, stopping)
        until = time.monotonic() + self._linger
        while batch and not stopping.done() and len(batch) < _MAX_RECORDS:
            left = until - time.monotonic()
            if left <= 0:
                break
            batch += await self._poll(_MAX_RECORDS - len(batch), left, stopping)
        return batch

    async def _poll(
        self, records: int, seconds: float, stopping: asyncio.Task[Any]
    ) -> list[Message]:
        """Return what comes within some time, at once when told to stop.

        A poll waits for the end of a rebalance however long that takes, which may be for ever
        while no broker answers.
        """
        timeout_ms = round(min(seconds, _LONGEST_POLL) * 1000)
        polling = asyncio.create_task(
            self._consumer.getmany(timeout_ms=timeout_ms, max_records=records)
        )
        try:
            await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            found = polling.result().items() if polling.done() else ()
        finally:
            polling.cancel()
            self._polled = time.monotonic()
        return list(chain.from_iterable(starmap(self._messages, found)))

    def _messages(
        self, place: TopicPartition, records: Sequence[ConsumerRecord]
    ) -> Iterator[Message]:
        self._committed.setdefault(place, records[0].offset)
        self._yielded[place] = records[-1].offset + 1
        topic, partition = self._place(place)
        return (
            Message(
                Position(topic, partition, one.offset),
                one.key,
                one.value or b"",
                _only(one.headers) if one.headers else (),
            )
            for one in records
        )

    async def hold(self) -> None:
        """Stay in the group while a batch is in hand: a poll that asks for nothing.

        Polling is what shows the group that we do not hang; this one names a partition that is
        nobody's, so that no message comes with it. It too waits for the end of a rebalance, so we
        do not wait for it (nor cancel it: aiokafka 0.14 would count a poll for ever after).

        Raises:
            Unavailable: the group refuses us.
        """
        if time.monotonic() - self._polled < _HOLD_EVERY:
            return
        if self._holding is None or self._holding.done():
            self._holding = asyncio.create_task(self._consumer.getmany(_NOBODYS, timeout_ms=0))
        await asyncio.wait([self._holding], timeout=_HOLD)
        if self._holding.done():
            self._polled = time.monotonic()
            try:
                self._holding.result()
            except KafkaError as error:
                raise Unavailable("Kafka", str(error)) from error

    async def put_aside(self, letters: Sequence[DeadLetter]) -> None:
        """Return when the dead-letter topic has them, shortened where too large to be sent."""
        await asyncio.gather(*map(self._put_aside, letters))

    async def _put_aside(self, letter: DeadLetter) -> None:
        try:
            await self._send(letter)
        except MessageSizeTooLargeError:
            await self._send(shortened(letter))

    async def _send(self, letter: DeadLetter) -> None:
        await self._producer.send_and_wait(
            self._prefix + DEAD, encode_record(letter), key=letter.key
        )

    async def commit(self) -> None:
        """Begin to commit all that was yielded: the next batch is read meanwhile.

        After a rebalance it is refused, and somebody else repeats the batch: no harm.

        Raises:
            KafkaError: the commit before has failed.
        """
        await self._settled()
        ours = self._consumer.assignment()
        offsets = {place: end for place, end in self._yielded.items() if place in ours}
        if offsets:  # else all of it is somebody else's by now
            self._committing = asyncio.create_task(self._commit(offsets))

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("consumer.commit_refused", reason=str(error))
            return
        for place in offsets.keys() & self._yielded.keys():
            self._committed[place] = offsets[place]

    async def _settled(self) -> None:
        if self._committing is not None:
            committing, self._committing = self._committing, None
            await committing

    async def lag(self) -> dict[tuple[str, int], int] | None:
        """Return how many messages of each partition are not committed; None if nobody knows now.

        The end is asked for: what the last fetch told is old while a batch is in hand.
        """
        try:
            async with asyncio.timeout(_LAG):
                ours = self._consumer.assignment()
                ends = await self._consumer.end_offsets(ours) if ours else {}
                done = {place: await self._done(place) for place in ours}
        except (TimeoutError, KafkaError):
            return None
        return {self._place(place): max(0, ends[place] - offset) for place, offset in done.items()}

    async def _done(self, place: TopicPartition) -> int:
        committed = self._committed.get(place)
        return await self._consumer.position(place) if committed is None else committed

    async def close(self, patience: float) -> None:
        """End what waits for a rebalance; give the last commit some seconds."""
        if self._holding is not None:
            self._holding.cancel()
        try:
            async with asyncio.timeout(patience):
                await self._settled()
        except (TimeoutError, KafkaError) as error:
            _log.warning("consumer.commit_failed", reason=str(error) or "no answer in time")


def _only(headers: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    named = dict(headers).get(ONLY)
    return tuple(named.decode(errors="replace").split(",")) if named else ()
