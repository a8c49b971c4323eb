"""Topics, and how far consumer groups are behind."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import collect_hosts
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from attune.errors import ConfigurationError, Unavailable
from attune.ports import Places
from attune.settings import Kafka
from attune.stream import TOPICS


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


def check_addresses(settings: Kafka) -> None:
    """Refuse addresses of brokers that are none, which a client would take for a broker away.

    Raises:
        ConfigurationError: they are none.
    """
    try:
        collect_hosts(settings.brokers)
    except ValueError as error:
        raise ConfigurationError(
            f"ATTUNE_KAFKA__BROKERS is {settings.brokers!r}: name host:port, comma-separated"
        ) from error


@asynccontextmanager
async def _admin(settings: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    check_addresses(settings)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await admin.close()


async def lag(settings: Kafka, group: str, topics: Iterable[str]) -> int:
    """Return how many messages a consumer group has not yet committed.

    Raises:
        Unavailable: no broker answers.
    """
    async with _looking(settings, group) as consumer:
        done = await going_on(consumer, [settings.topic_prefix + topic for topic in topics])
        ends = await consumer.end_offsets(list(done))
        return sum(ends[place] - offset for place, offset in done.items())


async def reached(settings: Kafka, group: str, topics: Iterable[str]) -> Places:
    """Return where a consumer group goes on in each partition of the topics that there are.

    Raises:
        Unavailable: no broker answers.
    """
    prefix = settings.topic_prefix
    async with _looking(settings, group) as consumer:
        done = await going_on(consumer, [prefix + topic for topic in topics])
        return {
            (place.topic.removeprefix(prefix), place.partition): offset
            for place, offset in done.items()
        }


@asynccontextmanager
async def _looking(settings: Kafka, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer that may ask about a group, and does not join it."""
    check_addresses(settings)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        group_id=settings.topic_prefix + group,
        enable_auto_commit=False,
    )
    try:
        await consumer.start()
        yield consumer
    except (KafkaError, OSError) as error:
        raise Unavailable("Kafka", str(error)) from error
    finally:
        await consumer.stop()


async def going_on(consumer: AIOKafkaConsumer, names: Iterable[str]) -> dict[TopicPartition, int]:
    """Return where the consumer's group goes on in each partition of these topics.

    That is what it has committed, or the first message that is still there.
    """
    places = [
        TopicPartition(name, partition)
        for name in names
        for partition in await partitions_of(consumer, name)
    ]
    begins = await consumer.beginning_offsets(places)
    done = await asyncio.gather(*map(consumer.committed, places))
    return {
        place: max(begins[place], offset or 0) for place, offset in zip(places, done, strict=True)
    }


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """Return the partitions of any topic, none if there is no such topic."""
    await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - else it knows only subscribed topics
    return consumer.partitions_for_topic(topic) or set()
