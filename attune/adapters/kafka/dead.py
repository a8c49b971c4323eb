"""Reading the dead letters there are, and sending their messages again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from attune.adapters.kafka.admin import check_addresses, partitions_of, topics_missing
from attune.dead import Filed, Files, Parcel, Resent, decode_record, encode_record
from attune.errors import Unavailable
from attune.settings import Kafka
from attune.stream import DEAD, ONLY, Position

_log = structlog.get_logger()

_LARGEST = 2 * 1024 * 1024
"""Bytes of a message, as the collector's producer allows."""


async def read_letters(
    settings: Kafka, progress: Callable[[int], None] = lambda _: None
) -> list[Filed]:
    """Return all dead letters, the oldest first. `progress` is told how many records were read.

    Raises:
        Unavailable: no broker answers.
    """
    files = Files()
    if await topics_missing(settings, [DEAD]):
        return []
    async with _reader(settings) as reader:
        name = settings.topic_prefix + DEAD
        places = [TopicPartition(name, number) for number in await partitions_of(reader, name)]
        ends = await reader.end_offsets(places)
        reader.assign(places)
        read = 0
        while [place for place in places if await reader.position(place) < ends[place]]:
            found = await reader.getmany(timeout_ms=200, max_records=1000)
            for place, records in found.items():
                for record in records:
                    _file(files, place.partition, record.offset, record.value)
                read += len(records)
            progress(read)
    return files.letters()


def _file(files: Files, partition: int, offset: int, raw: bytes | None) -> None:
    try:
        files.add(partition, offset, decode_record(raw or b""))
    except msgspec.MsgspecError as error:  # somebody else's: it must not hide ours
        _log.warning("dead.unreadable", record=f"{partition}:{offset}", reason=str(error))


async def message_at(settings: Kafka, position: Position) -> bytes | None:
    """Return a message from where it lies; None if Kafka no longer keeps it.

    Raises:
        Unavailable: no broker answers.
    """
    place = TopicPartition(settings.topic_prefix + position.topic, position.partition)
    async with _reader(settings) as reader:
        await partitions_of(reader, place.topic)
        reader.assign([place])
        begin = (await reader.beginning_offsets([place]))[place]
        end = (await reader.end_offsets([place]))[place]
        if not begin <= position.offset < end:
            return None
        reader.seek(place, position.offset)
        record = await reader.getone(place)
    return record.value if record.offset == position.offset else None


@asynccontextmanager
async def _reader(settings: Kafka) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group: what it reads is read by others as if it had not been there."""
    check_addresses(settings)
    reader = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        await reader.start()
        yield reader
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await reader.stop()


class Resender:
    """Sends messages again, and marks their letters."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix

    async def send(self, parcel: Parcel, at: datetime) -> None:
        """Return when the message and the marks are acknowledged.

        A crash between the two sends it again some day, which is counted once like any retry.
        """
        only = (ONLY, ",".join(parcel.consumers).encode())
        await self._producer.send_and_wait(
            self._prefix + parcel.topic, parcel.value, key=parcel.key, headers=[only]
        )
        for filed in parcel.letters:
            mark = Resent(filed.partition, filed.offset, at, parcel.mended)
            await self._producer.send_and_wait(
                self._prefix + DEAD,
                encode_record(mark),
                key=filed.letter.key,
                partition=filed.partition,
            )


@asynccontextmanager
async def open_resender(settings: Kafka) -> AsyncIterator[Resender]:
    """Yield what sends again.

    Raises:
        Unavailable: no broker answers, or it does not acknowledge.
    """
    check_addresses(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers,
        acks="all",
        enable_idempotence=True,
        max_request_size=_LARGEST,
    )
    try:
        await producer.start()
        yield Resender(producer, settings.topic_prefix)
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await producer.stop()
