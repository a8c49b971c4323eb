"""The events that benchmarks send: a real shop's, many times over as other visitors, up to now."""

import asyncio
import logging
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from attune.adapters.kafka.admin import create_topics
from attune.collect.event import Event, encode
from attune.collect.segment import Arrival, parse_call
from attune.settings import Kafka
from attune.stream import topic_of
from cli.formats import rees46
from cli.formats.rows import Call
from cli.simulate import simulated

REES46 = Path(__file__).resolve().parents[2] / "shared" / "data" / "rees46_2019-10-01_sample.csv"
"""Three hours of a real shop, kept beside the project; simulated visitors where it is absent."""

logging.getLogger("aiokafka").setLevel(logging.ERROR)  # it warns while new topics find leaders

_CHUNK = 2000
_SIMULATED = 850  # visitors; some 17,000 events, as many as the file has


def shop_events(count: int, until: datetime) -> list[Event]:
    """Return canonical events in order of time, the last at `until`.

    The file is laid over itself as often as needed, each time with other visitors: between two
    events of one visitor lie those of the others, as in a busier shop.
    """
    base = _base(until)
    copies = math.ceil(count / len(base))
    stretch = base[-math.ceil(count / copies) :]
    laid = (_as_other(event, copy) for event in stretch for copy in range(copies))
    return list(islice(laid, count))


def source_name() -> str:
    """Say where the events come from."""
    return "REES46 events" if REES46.exists() else "simulated visitors"


def _base(until: datetime) -> list[Event]:
    found = _from_file(until) if REES46.exists() else _invented(until)
    return sorted(found, key=lambda event: event.timestamp)


def _from_file(until: datetime) -> Iterator[Event]:
    with REES46.open(encoding="utf-8") as file:
        last = rees46.last_moment(file) or until
    with REES46.open(encoding="utf-8") as file:
        for row in rees46.read(file, "bench", until - last):
            if isinstance(row, Call):
                yield _event(row.body, until, f"r-{row.line}")


def _invented(until: datetime) -> Iterator[Event]:
    for number, (_, call) in enumerate(simulated(1, _SIMULATED, until)):
        if call["type"] == "track":
            yield _event(msgspec.json.encode(call), until, f"s-{number}")


def _event(body: bytes, until: datetime, message: str) -> Event:
    """Return the event that the collector makes of a call; it arrives when it happens."""
    event = parse_call(body, "track", Arrival("bench", until, lambda: message))
    return msgspec.structs.replace(event, received_at=event.timestamp)


def _as_other(event: Event, copy: int) -> Event:
    user = f"{event.user_id or event.anonymous_id}-{copy}"
    visit = event.session_id and f"{event.session_id}-{copy}"
    return msgspec.structs.replace(
        event, id=f"{event.id}-{copy}", user_id=user, anonymous_id=None, session_id=visit
    )


async def produce(settings: Kafka, events: Sequence[Event]) -> None:
    """Append the events to our topics; returns when all are acknowledged.

    Kafka's own timestamp is the event's, so that a peer need not look for it in the JSON.
    """
    await create_topics(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, acks="all", enable_idempotence=True
    )
    await producer.start()
    try:
        for start in range(0, len(events), _CHUNK):
            sent = [
                await producer.send(
                    settings.topic_prefix + topic_of(event),
                    encode(event),
                    key=event.profile.encode(),
                    timestamp_ms=event.at,
                )
                for event in events[start : start + _CHUNK]
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def now() -> datetime:
    """Return the present: a shop's last events are from just now."""
    return datetime.now(UTC) - timedelta(seconds=1)
