"""Roles of Attune as processes of their own, as they run in production."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from attune.adapters.kafka.admin import lag
from attune.settings import Settings
from attune.stream import EVENTS

WRITE_KEY = "wk_test"


def as_env(settings: Settings) -> dict[str, str]:
    """The variables that make a role read these settings."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")},
        "ATTUNE_REDIS": str(settings.redis),
        "ATTUNE_POSTGRES": str(settings.postgres),
        "ATTUNE_POSTGRES_SCHEMA": settings.postgres_schema,
        "ATTUNE_PROJECT": settings.project,
        "ATTUNE_DATA": str(settings.data),
        "ATTUNE_KAFKA__BROKERS": settings.kafka.brokers,
        "ATTUNE_KAFKA__TOPIC_PREFIX": settings.kafka.topic_prefix,
        "ATTUNE_KAFKA__SESSION_TIMEOUT": str(settings.kafka.session_timeout.total_seconds()),
        "ATTUNE_KAFKA__MAX_POLL_INTERVAL": str(settings.kafka.max_poll_interval.total_seconds()),
        "ATTUNE_KAFKA__PARTITIONS": str(settings.kafka.partitions),
        "ATTUNE_COLLECT__WRITE_KEYS": f'{{"{WRITE_KEY}": "test"}}',
    }


class Role:
    """A running role; its output is in `log`."""

    def __init__(self, settings: Settings, *arguments: str, **env: str) -> None:
        settings.data.mkdir(parents=True, exist_ok=True)
        self.log = settings.data / f"{'-'.join(arguments)}-{os.urandom(3).hex()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", *arguments],
                env={**as_env(settings), **env},
                cwd=settings.data,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """As a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As an operator would; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def output(self) -> str:
        return self.log.read_text()


@contextmanager
def role(settings: Settings, *arguments: str, **env: str) -> Iterator[Role]:
    """A role that is gone when the block ends."""
    running = Role(settings, *arguments, **env)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


@contextmanager
def consumer(settings: Settings, name: str = "features", **env: str) -> Iterator[Role]:
    """A consumer that has asked to join its group."""
    with role(settings, "consume", name, **env) as running:
        wait_for(lambda: has_started(running))
        yield running


@contextmanager
def api(settings: Settings, **env: str) -> Iterator[httpx.Client]:
    """The API as a process, and a client of it with the write key."""
    with serving_api(settings, **env) as (_, client):
        yield client


@contextmanager
def serving_api(settings: Settings, **env: str) -> Iterator[tuple[Role, httpx.Client]]:
    """As `api`, with the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        role(settings, "api", ATTUNE_API__PORT=str(port), **env) as running,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", auth=(WRITE_KEY, ""), timeout=20
        ) as client,
    ):
        wait_for(lambda: _ready(client, running))
        yield running, client


def has_started(running: Role) -> bool:
    assert running.process.poll() is None, running.output()
    return "consumer.started" in running.output()


def _ready(client: httpx.Client, running: Role) -> bool:
    assert running.process.poll() is None, running.output()
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return when it holds; fail if it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not in {seconds} s"
        time.sleep(0.05)


async def members(settings: Settings, group: str = "features") -> set[str]:
    """The ids of the members of a group that is not in the middle of a rebalance, else nobody."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.brokers)
    await admin.start()
    try:
        (reply,) = await admin.describe_consumer_groups([settings.kafka.topic_prefix + group])
    except KafkaError:  # a young broker has no coordinator yet
        return set()
    finally:
        await admin.close()
    (_, _, state, _, _, found, *_), *_ = reply.groups
    return {member[0] for member in found} if state == "Stable" else set()


def caught_up(settings: Settings, *groups: str, seconds: float = 90) -> None:
    """Return when these consumers have committed all events."""

    def nothing_left() -> bool:
        return not any(asyncio.run(lag(settings.kafka, group, EVENTS)) for group in groups)

    wait_for(nothing_left, seconds)


DATA = Path(__file__).parents[3] / "shared" / "data"
"""Real data, beside the project; tests skip where it is absent."""
