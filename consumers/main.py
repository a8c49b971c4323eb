"""The role `attune consume`: opens what the named consumers need, and runs them until told."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from prometheus_client import start_http_server

from attune.adapters.archive.compaction import Compactor
from attune.adapters.archive.store import folder, open_archive
from attune.adapters.postgres.database import Database, open_database
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.profiles import PostgresProfiles
from attune.adapters.redis import RedisProfiles, open_redis
from attune.errors import ConfigurationError
from attune.ports import Consumer
from attune.settings import Settings
from consumers.archive import Archiving, compacting
from consumers.features import Features
from consumers.measure import Measure
from consumers.profiles import Profiles
from consumers.runner import run
from feature_repo.views import USER_FEATURES

Opener = Callable[[AsyncExitStack, Settings], Awaitable[Consumer]]


async def _features(stack: AsyncExitStack, settings: Settings) -> Consumer:
    redis = await stack.enter_async_context(open_redis(str(settings.redis)))
    return Features(RedisProfiles(redis, settings.project, USER_FEATURES), USER_FEATURES)


async def _profiles(stack: AsyncExitStack, settings: Settings) -> Consumer:
    return Profiles(PostgresProfiles(await _database(stack, settings)))


async def _measure(stack: AsyncExitStack, settings: Settings) -> Consumer:
    return Measure(PostgresMeasures(await _database(stack, settings)))


async def _archive(stack: AsyncExitStack, settings: Settings) -> Consumer:
    if settings.archive.clickhouse is None:  # which merges by itself
        await stack.enter_async_context(compacting(Compactor(folder(settings)), _clock))
    return Archiving(stack.enter_context(open_archive(settings)))


async def _database(stack: AsyncExitStack, settings: Settings) -> Database:
    return await stack.enter_async_context(open_database(settings))


CONSUMERS: Mapping[str, Opener] = {
    "features": _features,
    "profiles": _profiles,
    "measure": _measure,
    "archive": _archive,
}


async def consume(settings: Settings, names: Sequence[str]) -> None:
    """Run the named consumers in this process until SIGTERM or SIGINT, then finish and commit.

    Raises:
        ConfigurationError: a name is none of `CONSUMERS`, or what one needs refuses us.
    """
    for name in names:
        if name not in CONSUMERS:
            raise ConfigurationError(
                f"there is no consumer {name!r}: name any of {', '.join(CONSUMERS)}, or all"
            )
    if settings.consume.metrics_port:
        start_http_server(settings.consume.metrics_port, settings.consume.metrics_host)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    refused: BaseException | None = None
    async with AsyncExitStack() as stack:
        opened = [await CONSUMERS[name](stack, settings) for name in names]
        try:
            async with asyncio.TaskGroup() as group:
                for consumer in opened:
                    group.create_task(run(consumer, settings.kafka, stop, _clock))
        except* ConfigurationError as refusals:
            refused = refusals.exceptions[0]
    if refused:
        raise refused


def _clock() -> datetime:
    return datetime.now(UTC)
