"""One message must not stop a consumer, and a consumer that cannot run must say so in a line."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, MessageSizeTooLargeError
from making import NOON, event

from attune.adapters.kafka import source as kafka_source
from attune.adapters.kafka.source import KafkaSource
from attune.collect.event import Event, encode
from attune.errors import ConfigurationError, Unavailable
from attune.ports import Refused, Taken
from attune.settings import Kafka, Settings
from attune.stream import BEHAVIORAL, DeadLetter, Message, Position, decode_dead_letter
from consumers import main, runner
from consumers.main import consume
from consumers.runner import run

NOTHING: Mapping[str, str] = MappingProxyType({})


class Recording:
    """Takes everything, save what it cannot bear."""

    name = "recording"
    topics = (BEHAVIORAL,)
    linger = 0.0

    def __init__(self, refusing: Mapping[str, str] = NOTHING, **raising: Exception) -> None:
        self.taken: list[str] = []
        self._refusing = refusing
        self._raising = raising

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        for taken in batch:
            if error := self._raising.get(taken.event.id):
                raise error
        ids = [taken.event.id for taken in batch if taken.event.id not in self._refusing]
        self.taken += [each for each in ids if each not in self.taken]
        return [
            Refused(taken.position, self._refusing[taken.event.id])
            for taken in batch
            if taken.event.id in self._refusing
        ]


class Scripted:
    """A source that yields these batches, then stops the consumer."""

    def __init__(self, stop: asyncio.Event, *batches: list[Message]) -> None:
        self.letters: list[DeadLetter] = []
        self.commits = 0
        self._stop = stop
        self._batches = batches

    async def batches(self, stop: asyncio.Event) -> AsyncIterator[list[Message]]:
        for batch in self._batches:
            if not stop.is_set():
                yield batch
        self._stop.set()

    async def dead_letter(self, letter: DeadLetter) -> None:
        self.letters.append(letter)

    async def commit(self) -> None:
        self.commits += 1


def messages(*found: Event | bytes) -> list[Message]:
    return [
        Message(Position(BEHAVIORAL, 0, n), b"ada", one if isinstance(one, bytes) else encode(one))
        for n, one in enumerate(found)
    ]


async def driven(
    monkeypatch: pytest.MonkeyPatch, consumer: Recording, batch: list[Message]
) -> Scripted:
    """Run a consumer over one batch."""
    stop = asyncio.Event()
    source = Scripted(stop, batch)

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Scripted]:
        yield source

    monkeypatch.setattr(runner, "open_source", opened)
    await run(consumer, Kafka(), stop, lambda: NOON)
    return source


async def test_what_breaks_the_consumer_is_put_aside_and_the_rest_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Recording(m3=OverflowError("too large"), m8=ValueError("no"))

    source = await driven(monkeypatch, consumer, messages(*(event(id=f"m{n}") for n in range(10))))

    assert consumer.taken == ["m0", "m1", "m2", "m4", "m5", "m6", "m7", "m9"]
    assert [(letter.offset, letter.reason) for letter in source.letters] == [
        (3, "OverflowError: too large"),
        (8, "ValueError: no"),
    ]
    assert source.letters[0].value == encode(event(id="m3"))
    assert source.commits == 1


async def test_what_a_consumer_refuses_is_put_aside_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Recording({"m1": "revenue_micros: too large", "m3": "no product"})

    source = await driven(monkeypatch, consumer, messages(*(event(id=f"m{n}") for n in range(5))))

    assert consumer.taken == ["m0", "m2", "m4"]
    assert [(letter.offset, letter.reason) for letter in source.letters] == [
        (1, "revenue_micros: too large"),
        (3, "no product"),
    ]
    assert source.letters[0].value == encode(event(id="m1"))
    assert source.commits == 1


async def test_a_time_without_a_zone_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = encode(event(id="m1")).replace(b"12:00:00Z", b"12:00:00")

    class Reading(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            assert all(taken.event.at for taken in batch)
            return await super().take(batch)

    source = await driven(monkeypatch, Reading(), messages(raw))

    assert len(source.letters) == 1
    assert source.commits == 1


async def test_poison_is_put_aside_and_a_store_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        times = 2

        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            if self.times:
                self.times -= 1
                raise Unavailable("Redis", "injected")
            return await super().take(batch)

    consumer = Away()

    source = await driven(monkeypatch, consumer, messages(b"\xff", event(id="m1"), b""))

    assert consumer.taken == ["m1"]
    assert [letter.offset for letter in source.letters] == [0, 2]
    assert source.commits == 1


async def test_nothing_is_committed_when_told_to_stop_while_the_store_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            source.append(batch)
            asyncio.get_running_loop().call_soon(stop.set)
            raise Unavailable("Redis", "injected")

    source: list[Sequence[Taken]] = []
    stop = asyncio.Event()
    scripted = Scripted(stop, messages(event()))

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Scripted]:
        yield scripted

    monkeypatch.setattr(runner, "open_source", opened)
    await run(Away(), Kafka(), stop, lambda: NOON)

    assert (len(source), scripted.commits, scripted.letters) == (1, 0, [])


async def test_a_store_that_is_not_set_up_ends_the_program_and_no_event_is_put_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = Recording(m0=ConfigurationError("schema attune is not migrated"))
    source = Scripted(asyncio.Event(), messages(event(id="m0"), event(id="m1")))

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Scripted]:
        yield source

    async def open_consumer(_: AsyncExitStack, __: Settings) -> Recording:
        return refusing

    monkeypatch.setattr(runner, "open_source", opened)
    monkeypatch.setattr(main, "CONSUMERS", {"one": open_consumer, "two": open_consumer})

    with pytest.raises(ConfigurationError, match="is not migrated"):
        await consume(Settings(_env_file=None), ["one", "two"])

    assert (source.letters, source.commits) == ([], 0)


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

    await KafkaSource(None, producer, "", 0.0).dead_letter(LARGE)

    letter = decode_dead_letter(producer.sent[0])
    assert (letter.topic, letter.partition, letter.offset) == (BEHAVIORAL, 3, 7)
    assert letter.value == b"x" * 1000
    assert letter.reason == (
        "JSON is malformed (of 900,000 bytes only the first 1,000 are here: the message itself "
        "lies at its offset)"
    )


async def test_a_letter_that_cannot_be_sent_now_is_no_letter() -> None:
    with pytest.raises(KafkaTimeoutError):
        await KafkaSource(None, Producer(KafkaTimeoutError()), "", 0.0).dead_letter(LARGE)


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

    async def start(self) -> None:
        pass

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

    monkeypatch.setattr(kafka_source, "AIOKafkaConsumer", Member)
    monkeypatch.setattr(kafka_source, "AIOKafkaProducer", Sending)
    monkeypatch.setattr(kafka_source, "create_topics", nothing)
    monkeypatch.setattr(runner, "_pause", no_time)
    Sending.stopped = 0

    await asyncio.wait_for(run(Recording(), Kafka(), stop, lambda: NOON), 5)

    assert [member._client.closed for member in made] == [True, True]  # noqa: SLF001 - our own twin
    assert Sending.stopped == 2
