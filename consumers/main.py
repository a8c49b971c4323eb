"""The role `attune consume`: opens what the named consumers need, and runs them until told."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import structlog
from prometheus_client import start_http_server

from attune.adapters.archive.compaction import Compactor
from attune.adapters.archive.store import folder, open_archive
from attune.adapters.postgres.database import Database, open_database
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.profiles import PostgresProfiles
from attune.adapters.redis import RedisStore, open_wire
from attune.errors import ConfigurationError
from attune.ports import Consumer
from attune.settings import Settings
from consumers.archive import Archiving, compacting
from consumers.features.consumer import Features
from consumers.measure import Measure
from consumers.profiles import Profiles
from consumers.runner import run
from feature_repo.views import FEATURES

_log = structlog.get_logger()

Opener = Callable[[AsyncExitStack, Settings], Awaitable[Consumer]]


async def _features(stack: AsyncExitStack, settings: Settings) -> Consumer:
    wire = stack.enter_context(open_wire(str(settings.redis), cluster=settings.redis_cluster))
    stores = [(RedisStore(wire, settings.project, features), features) for features in FEATURES]
    return Features(*stores, cached=settings.consume.cached)


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


def main(settings: Settings, names: Sequence[str]) -> None:
    """Run `consume`; raises as it does."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(consume(settings, names))


def _loop() -> asyncio.AbstractEventLoop:
    """Return uvloop where there is one: a tenth less for each event's way from Kafka."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def consume(settings: Settings, names: Sequence[str]) -> None:
    """Run the named consumers in this process until SIGTERM or SIGINT, then finish and commit.

    Raises:
        ConfigurationError: a name is none of `CONSUMERS`, or what one needs refuses us.
        TooMuchPoison: one would put too much aside.
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
    async with AsyncExitStack() as stack:
        opened = [await CONSUMERS[name](stack, settings) for name in names]
        _spare_the_collector()
        await _run(opened, settings, stop)


async def _run(consumers: Sequence[Consumer], settings: Settings, stop: asyncio.Event) -> None:
    """Run them until told to stop or one ends; all then finish and commit, within a bound.

    What is not finished by then waits for a store or the broker. It is not committed, so whoever is
    next takes it.
    """
    running = [
        asyncio.create_task(run(consumer, settings, stop, _clock), name=consumer.name)
        for consumer in consumers
    ]
    for task in running:
        task.add_done_callback(lambda _: stop.set())
    await stop.wait()
    _, late = await asyncio.wait(running, timeout=settings.consume.drain.total_seconds())
    for task in late:
        _log.warning("consumer.left_in_mid_batch", consumer=task.get_name())
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    failures = [task.exception() for task in running if not task.cancelled()]
    for failure in filter(None, failures):
        raise failure


def _clock() -> datetime:
    return datetime.now(UTC)


def _spare_the_collector() -> None:
    """Have garbage collected seldom.

    Cached states are many and hold no cycles: each full collection would look at all of them for
    a tenth of a second, and find nothing. And a batch makes some hundred thousand objects that are
    gone after it: with a lower threshold the collector would look at those first, and at nothing
    else while the cache is full. What has cycles are exceptions and tasks, a few a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 1_000)
