"""The embedded stack, started once per session; each test has its own topics, keys and schema.

`ATTUNE_TEST_STACK_DATA=DIRECTORY` keeps the servers' data there from run to run, which saves the
second that creating it takes. Otherwise it is in a temporary directory.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import PostgresDsn, RedisDsn
from redis.asyncio import Redis

from attune.settings import Kafka, Settings
from cli.embedded.report import Silent
from cli.embedded.stack import Stack, start

_INTEGRATION = Path(__file__).parents[1] / "integration"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_INTEGRATION):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    kept = os.environ.get("ATTUNE_TEST_STACK_DATA")
    with tempfile.TemporaryDirectory(prefix="attune-", ignore_cleanup_errors=True) as temporary:
        data = Path(kept or temporary)
        # No preferred ports: code that ignores its settings must find nobody at the usual ones.
        with start(data, report=Silent(), preferred={}) as running:
            yield running


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Settings]:
    """Settings of this test alone; what it leaves in the servers is removed afterwards."""
    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        monkeypatch.delenv(name)
    own = f"t{uuid4().hex[:12]}"
    made = Settings(
        _env_file=None,
        redis=RedisDsn(stack.endpoints.redis),
        postgres=PostgresDsn(stack.endpoints.postgres),
        postgres_schema=own,
        project=own,
        data=tmp_path / "attune",
        # Three partitions: enough for their order to matter, half the work of six.
        kafka=Kafka(
            brokers=stack.endpoints.brokers,
            topic_prefix=f"{own}.",
            partitions=3,
            session_timeout=timedelta(seconds=1),  # killed members are given up sooner
        ),
    )
    yield made
    with ThreadPoolExecutor(1) as thread:  # the test's own event loop is not ours to touch
        thread.submit(asyncio.run, _clean(made)).result()


async def _clean(settings: Settings) -> None:
    await asyncio.gather(_drop_topics(settings), _drop_keys(settings), _drop_schema(settings))


async def _drop_topics(settings: Settings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.brokers)
    await admin.start()
    try:
        prefix = settings.kafka.topic_prefix
        own = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if own:
            await admin.delete_topics(own)
    finally:
        await admin.close()


async def _drop_keys(settings: Settings) -> None:
    async with Redis.from_url(str(settings.redis)) as redis:
        keys = [key async for key in redis.scan_iter(f"*{settings.project}*", count=1000)]
        if keys:
            await redis.unlink(*keys)


async def _drop_schema(settings: Settings) -> None:
    connection = await asyncpg.connect(str(settings.postgres))
    try:
        await connection.execute(f"drop schema if exists {settings.postgres_schema} cascade")
    finally:
        await connection.close()
