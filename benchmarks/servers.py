"""The embedded servers in a directory of their own, and programs beside them on chosen cores."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from uuid import uuid4

from harness import say
from pydantic import PostgresDsn, RedisDsn

from attune.settings import Api, Collect, Kafka, Settings
from cli.embedded import stack as embedded
from cli.embedded.process import Child, Launch
from cli.embedded.report import Silent
from cli.embedded.stack import BROKERS, POSTGRES, REDIS

HERE = Path(__file__).resolve().parent
WRITE_KEY = "wk_bench"


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where. On a machine with one core everybody shares it."""

    measured: int
    others: frozenset[int]


@cache
def cores() -> Cores:
    """Give the measured program the last core that we may use, and everything else the others.

    Decided once: who has moved to the others may use no other any more.
    """
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[-1], frozenset(usable[:-1] or usable))


@contextmanager
def servers(*needed: str, pin: bool = True) -> Iterator[Settings]:
    """Run the servers whose setting is named, on fresh data; yield settings that point at them.

    With `pin` this program and the servers leave the measured core alone.

    Raises:
        ConfigurationError: one cannot be started.
    """
    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        del os.environ[name]  # a benchmark measures what it starts itself
    before = os.sched_getaffinity(0)
    if pin:
        os.sched_setaffinity(0, cores().others)
    absent = {name: "" for name in (BROKERS, REDIS, POSTGRES) if name not in needed}
    try:
        with tempfile.TemporaryDirectory(prefix="attune-", ignore_cleanup_errors=True) as data:
            say(f"starting {', '.join(name.rpartition('_')[2].lower() for name in needed)}")
            with embedded.start(
                Path(data), report=Silent(), preferred={}, external=absent
            ) as stack:
                yield _settings(Path(data), stack.endpoints.as_env())
    finally:
        os.sched_setaffinity(0, before)


def _settings(data: Path, endpoints: Mapping[str, str]) -> Settings:
    """Names of our own in each server, and its address where it runs."""
    own = f"b{uuid4().hex[:8]}"
    made = Settings(
        _env_file=None,
        postgres_schema=own,
        project=own,
        data=data,
        kafka=Kafka(topic_prefix=f"{own}."),
        collect=Collect(write_keys={WRITE_KEY: "bench"}),
        api=Api(),
    )
    changes: dict[str, object] = {}
    if endpoints[REDIS]:
        changes["redis"] = RedisDsn(endpoints[REDIS])
    if endpoints[POSTGRES]:
        changes["postgres"] = PostgresDsn(endpoints[POSTGRES])
    if endpoints[BROKERS]:
        changes["kafka"] = made.kafka.model_copy(update={"brokers": endpoints[BROKERS]})
    return made.model_copy(update=changes)


def as_env(settings: Settings) -> dict[str, str]:
    """Return the variables that make a program read these settings."""
    return {
        REDIS: str(settings.redis),
        POSTGRES: str(settings.postgres),
        "ATTUNE_POSTGRES_SCHEMA": settings.postgres_schema,
        "ATTUNE_PROJECT": settings.project,
        "ATTUNE_DATA": str(settings.data),
        BROKERS: settings.kafka.brokers,
        "ATTUNE_KAFKA__TOPIC_PREFIX": settings.kafka.topic_prefix,
        "ATTUNE_COLLECT__WRITE_KEYS": f'{{"{WRITE_KEY}": "bench"}}',
        "ATTUNE_API__HOST": settings.api.host,
        "ATTUNE_API__PORT": str(settings.api.port),
    }


@contextmanager
def program(
    settings: Settings, *arguments: str, core: int | None = None, python: str = sys.executable
) -> Iterator[Child]:
    """Run a Python program beside the servers while the block runs; it is told to end with it."""
    argv = [python, *arguments]
    if core is not None:
        argv = [sys.executable, str(HERE / "pinned.py"), str(core), *argv]
    launch = Launch(argv, env=as_env(settings), cwd=settings.data, death_signal=signal.SIGTERM)
    child = Child(f"bench-{uuid4().hex[:6]}", launch, settings.data)
    try:
        yield child
    finally:
        child.stop()


def finish(child: Child, timeout: float) -> str:
    """Return what a program printed when it has ended by itself, within `timeout` seconds.

    Raises:
        ConfigurationError: it takes longer.
    """
    child.wait_until(child.ended, timeout, Event())
    return child.output()
