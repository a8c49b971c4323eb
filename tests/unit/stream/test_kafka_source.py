"""What a member of a group does when its broker, or a letter, is not as it should be."""

import asyncio
import gc

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
)
from making import NOON
from polling import SETTINGS, Recording
from structlog.testing import capture_logs

from attune.adapters.kafka import member
from attune.adapters.kafka import source as kafka_source
from attune.adapters.kafka.source import KafkaSource
from attune.dead import DeadLetter, decode_record
from attune.stream import BEHAVIORAL, Message, Position
from consumers import runner
from consumers.runner import run


class Producer:
    """Refuses what is larger than a megabyte, as aiokafka's does."""

    def __init__(self, error: Exception) -> None:
        self.sent: list[bytes] = []
        self._error = error

    async def send_and_wait(self, _: str, value: bytes, **__: bytes | None) -> None:
        if len(value) > 1_000_000:
            raise self._error
        self.sent.append(value)


LARGE = DeadLetter(BEHAVIORAL, 3, 7, b"ada", b"x" * 900_000, "JSON is malformed", "features", NOON)


async def test_poison_too_large_for_a_letter_leaves_one_that_says_where_it_lies() -> None:
    producer = Producer(MessageSizeTooLargeError("1,200,000 bytes"))

    await KafkaSource(None, producer, "", 0.0).put_aside([LARGE])

    letter = decode_record(producer.sent[0])
    assert (letter.topic, letter.partition, letter.offset) == (BEHAVIORAL, 3, 7)
    assert letter.value == b"x" * 1000
    assert letter.reason == (
        "JSON is malformed (of 900,000 bytes only the first 1,000 are here: the message itself "
        "lies at its offset)"
    )


async def test_a_letter_that_cannot_be_sent_now_is_no_letter() -> None:
    with pytest.raises(KafkaTimeoutError):
        await KafkaSource(None, Producer(KafkaTimeoutError()), "", 0.0).put_aside([LARGE])


PLACE = TopicPartition("x.events.behavioral", 2)


class Polled:
    """A member that is given these records, one poll after the other; then it waits for ever."""

    def __init__(self, *batches: list[ConsumerRecord]) -> None:
        self.asked: list[tuple[TopicPartition, ...]] = []
        self.committing: list[dict[TopicPartition, int]] = []
        self.broker = asyncio.Event()
        """Set while it answers."""
        self.broker.set()
        self.refusing: KafkaError | None = None
        self._batches = list(batches)

    async def getmany(
        self, *places: TopicPartition, **_: object
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        self.asked.append(places)
        if not places and self._batches:
            return {PLACE: self._batches.pop(0)}
        await asyncio.Event().wait()
        return {}

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def end_offsets(self, _: set[TopicPartition]) -> dict[TopicPartition, int]:
        if self.refusing:
            raise self.refusing
        return {PLACE: 20}

    async def position(self, _: TopicPartition) -> int:
        return 12

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if not offsets:
            raise ValueError(offsets)  # as aiokafka does
        self.committing.append(offsets)
        await self.broker.wait()
        if self.refusing:
            raise self.refusing


def record(offset: int, *headers: tuple[str, bytes]) -> ConsumerRecord:
    return ConsumerRecord(PLACE.topic, 2, offset, 0, 0, b"ada", b"{}", None, 3, 2, headers)


async def test_what_is_polled_says_where_it_lay_and_whom_it_is_for() -> None:
    again = record(11, ("traceparent", b"00"), ("attune-only", b"features,archive"))
    source = KafkaSource(Polled([record(10), again]), None, "x.", 0.0)

    batch = await anext(source.batches(asyncio.Event()))

    assert batch == [
        Message(Position(BEHAVIORAL, 2, 10), b"ada", b"{}"),
        Message(Position(BEHAVIORAL, 2, 11), b"ada", b"{}", ("features", "archive")),
    ]


async def test_who_is_told_to_stop_does_not_wait_for_the_end_of_a_rebalance() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)

    async with asyncio.timeout(5):
        assert [batch async for batch in KafkaSource(Polled(), None, "", 0.0).batches(stop)] == [[]]


async def test_a_batch_in_hand_is_lag_until_it_is_committed() -> None:
    member = Polled([record(10), record(11)])
    source = KafkaSource(member, None, "x.", 0.0)
    await anext(source.batches(asyncio.Event()))
    assert await source.lag() == {(BEHAVIORAL, 2): 10}

    member.broker.clear()
    await source.commit()
    assert await source.lag() == {(BEHAVIORAL, 2): 10}

    member.broker.set()
    await source.close(5)
    assert await source.lag() == {(BEHAVIORAL, 2): 8}

    member.refusing = KafkaConnectionError("away")
    assert await source.lag() is None


async def test_the_next_batch_is_read_while_the_last_is_committed() -> None:
    member = Polled([record(10), record(11)], [record(12)])
    member.broker.clear()
    source = KafkaSource(member, None, "x.", 0.0)
    batches = source.batches(asyncio.Event())

    await anext(batches)
    await source.commit()
    await anext(batches)
    second = asyncio.create_task(source.commit())
    member.broker.set()
    await second
    await source.close(5)

    assert member.committing == [{PLACE: 12}, {PLACE: 13}]


async def test_who_stops_waits_for_the_last_commit_and_hears_when_it_failed() -> None:
    stop = asyncio.Event()
    member = Polled([record(10)])
    member.refusing = KafkaConnectionError("away")
    source = KafkaSource(member, None, "x.", 0.0)

    async def consume() -> None:
        async for _ in source.batches(stop):
            await source.commit()
            stop.set()

    with pytest.raises(KafkaConnectionError):
        await consume()


async def test_a_commit_that_failed_when_the_source_is_closed_is_told_in_a_line() -> None:
    member = Polled([record(10)])
    member.refusing = KafkaConnectionError("away")
    source = KafkaSource(member, None, "x.", 0.0)
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: unheard.append(told))

    await anext(source.batches(asyncio.Event()))
    await source.commit()
    with capture_logs() as logs:
        await source.close(5)
    del source
    gc.collect()

    assert [log["event"] for log in logs] == ["consumer.commit_failed"]
    assert unheard == []


async def test_what_is_somebody_elses_after_a_rebalance_is_not_committed() -> None:
    member = Polled([record(10)], [record(8)])
    source = KafkaSource(member, None, "x.", 0.0)
    batches = source.batches(asyncio.Event())

    await anext(batches)
    source.on_partitions_assigned({PLACE})
    await source.commit()
    await anext(batches)
    await source.commit()
    await source.close(5)

    assert member.committing == [{PLACE: 9}]


async def test_a_member_that_holds_its_place_asks_for_nothing_and_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka_source, "_HOLD_EVERY", 0.0)
    member = Polled()
    source = KafkaSource(member, None, "x.", 0.0)

    async with asyncio.timeout(5):
        await source.hold()
        await source.hold()  # the first still waits: there is one at a time

    assert [PLACE not in places for places in member.asked] == [True]
    assert all(member.asked)
    await source.close(5)


class Client:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Fetching:
    """A member of a group whose broker goes away once; aiokafka's own, in the middle of a fetch,
    then raises the cancellation of its task at whoever stops it.
    """

    made: list["Fetching"]
    stop_all: asyncio.Event

    def __init__(self, *_: object, **__: object) -> None:
        self._client = Client()
        self.made.append(self)

    def subscribe(self, *_: object, **__: object) -> None:
        pass

    async def start(self) -> None:
        pass

    def assignment(self) -> frozenset[object]:
        return frozenset()

    async def getmany(self, **_: object) -> dict[object, object]:
        if len(self.made) == 1:
            raise KafkaConnectionError("away")
        self.stop_all.set()
        return {}

    async def stop(self) -> None:
        raise asyncio.CancelledError


class Sending:
    stopped = 0

    def __init__(self, **_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        Sending.stopped += 1


async def test_a_consumer_goes_on_though_its_client_was_stopped_in_mid_fetch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = asyncio.Event()
    made: list[Fetching] = []

    class Member(Fetching):
        pass

    Member.made, Member.stop_all = made, stop

    async def nothing(*_: object) -> list[str]:
        return []

    async def no_time(*_: object) -> None:
        pass

    monkeypatch.setattr(member, "AIOKafkaConsumer", Member)
    monkeypatch.setattr(member, "AIOKafkaProducer", Sending)
    monkeypatch.setattr(member, "create_topics", nothing)
    monkeypatch.setattr(runner, "pause", no_time)
    Sending.stopped = 0

    await asyncio.wait_for(run(Recording(), SETTINGS, stop, lambda: NOON), 5)

    assert [member._client.closed for member in made] == [True, True]  # noqa: SLF001 - our own twin
    assert Sending.stopped == 2
