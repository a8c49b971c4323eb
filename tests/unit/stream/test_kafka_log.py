"""The log comes back by itself, and goes when it is told to."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
)
from making import event

from attune.adapters.kafka import log as kafka_log
from attune.adapters.kafka.log import open_log
from attune.errors import ConfigurationError, Unavailable
from attune.settings import Kafka


class Producer:
    """Does as it is told: fails to start, fails to send, never gets rid of what it holds."""

    made: list["Producer"]
    starting: list[Exception]
    sending: list[Exception]
    hangs = False

    def __init__(self, **_: object) -> None:
        self.stopped = False
        self.made.append(self)

    async def start(self) -> None:
        if self.starting:
            raise self.starting.pop(0)

    async def send(self, *_: object, **__: object) -> Awaitable[None]:
        return asyncio.create_task(self._acknowledged())

    async def _acknowledged(self) -> None:
        if self.sending:
            raise self.sending.pop(0)

    async def stop(self) -> None:
        self.stopped = True
        if self.hangs:
            await asyncio.sleep(3600)


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> type[Producer]:
    class Own(Producer):
        made, starting, sending = [], [], []

    async def nothing(*_: object) -> list[str]:
        return []

    monkeypatch.setattr(kafka_log, "AIOKafkaProducer", Own)
    monkeypatch.setattr(kafka_log, "create_topics", nothing)
    monkeypatch.setattr(kafka_log, "_RETRY_AFTER", 0)
    return Own


async def test_it_tries_until_a_broker_answers(producer: type[Producer]) -> None:
    producer.starting = [KafkaConnectionError("away"), KafkaConnectionError("away")]

    async with open_log(Kafka()) as log:
        with pytest.raises(Unavailable, match="not connected yet"):
            await log.append([event()])
        await log.ready()
        await log.append([event()])

    assert [one.stopped for one in producer.made] == [True, True, True]


async def test_it_ends_though_the_client_keeps_from_it_that_it_is_to(
    producer: type[Producer],
) -> None:
    """As aiokafka 0.14 does while it connects."""
    connecting = asyncio.Event()

    async def start(_: Producer) -> None:
        connecting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)

    producer.start = start  # type: ignore[method-assign]

    async def opened() -> None:
        async with open_log(Kafka()):
            await connecting.wait()

    done, _ = await asyncio.wait([asyncio.create_task(opened())], timeout=2)
    assert done


async def test_what_a_broker_will_mend_is_left_to_the_client(producer: type[Producer]) -> None:
    async with open_log(Kafka()) as log:
        await log.ready()
        producer.sending = [NotLeaderForPartitionError()]
        with pytest.raises(Unavailable):
            await log.append([event()])
        await log.append([event()])

    assert len(producer.made) == 1


async def test_a_producer_that_can_never_send_again_is_replaced(producer: type[Producer]) -> None:
    producer.hangs = True

    async with open_log(Kafka(ack_timeout=0.05)) as log:
        await log.ready()
        producer.sending = [OutOfOrderSequenceNumber(), OutOfOrderSequenceNumber()]
        with pytest.raises(Unavailable):
            await log.append([event(), event()])
        async with asyncio.timeout(5):
            while True:
                try:
                    await log.append([event()])
                except Unavailable:
                    await asyncio.sleep(0.01)
                else:
                    break

        assert [one.stopped for one in producer.made] == [True, False]


async def test_what_nobody_will_acknowledge_does_not_keep_it_open(producer: type[Producer]) -> None:
    producer.hangs = True

    async with asyncio.timeout(5), open_log(Kafka(ack_timeout=0.05)) as log:
        await log.ready()

    assert producer.made[0].stopped


@pytest.mark.parametrize("brokers", ["kafka:port", "kafka:9092,kafka:9093:x"])
async def test_addresses_that_are_none_are_refused_at_once(brokers: str) -> None:
    with pytest.raises(ConfigurationError, match="ATTUNE_KAFKA__BROKERS is 'kafka:"):
        async with open_log(Kafka(brokers=brokers)):
            pass
