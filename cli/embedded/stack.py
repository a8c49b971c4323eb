"""Start the three servers side by side, and stop them whatever happens."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Literal

from attune.errors import ConfigurationError
from attune.stream import TOPICS
from cli.embedded import claim, ports
from cli.embedded.kafka import Kafka
from cli.embedded.light import Light
from cli.embedded.ports import WELL_KNOWN
from cli.embedded.postgres import Postgres
from cli.embedded.process import Abandoned
from cli.embedded.redis import Redis
from cli.embedded.refusals import told_plainly
from cli.embedded.report import Report
from cli.embedded.server import Server
from cli.embedded.service import Service

Broker = Literal["kafka", "light"]

BROKERS, REDIS, POSTGRES = "ATTUNE_KAFKA__BROKERS", "ATTUNE_REDIS", "ATTUNE_POSTGRES"
"""The settings that say where a server is, as environment variables."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers answer, in the form of the settings. Holds PostgreSQL's password."""

    brokers: str
    redis: str
    postgres: str

    def as_env(self) -> dict[str, str]:
        """Return the environment variables that point a role at these servers."""
        return {BROKERS: self.brokers, REDIS: self.redis, POSTGRES: self.postgres}


class Stack:
    """The running servers; those given as external are not among them."""

    def __init__(self, servers: Mapping[str, Server], external: Mapping[str, str]) -> None:
        self.servers = servers
        """By the environment variable of their setting."""
        self._external = external

    @property
    def kafka(self) -> Server:
        """The broker, Kafka or light."""
        return self.servers[BROKERS]

    @property
    def redis(self) -> Server:
        """The online store."""
        return self.servers[REDIS]

    @property
    def postgres(self) -> Server:
        """The system of record."""
        return self.servers[POSTGRES]

    @property
    def endpoints(self) -> Endpoints:
        """Where everything answers now; the light broker moves when it is restarted."""
        return Endpoints(*(self._endpoint(name) for name in (BROKERS, REDIS, POSTGRES)))

    def _endpoint(self, name: str) -> str:
        server = self.servers.get(name)
        return server.endpoint if server else self._external[name]

    def died(self) -> list[Server]:
        """Return the servers that ended without having been stopped."""
        return [server for server in self.servers.values() if server.died()]

    def start(self, report: Report) -> None:
        """Start all at once; the first that cannot be started ends the attempt.

        Raises:
            ConfigurationError: of that first one.
        """
        abandoned = Event()

        def start(server: Server) -> None:
            with report.step(server.name) as step:
                server.start(step, abandoned)

        with self._threads() as pool:
            begun = [pool.submit(start, server) for server in self.servers.values()]
            try:
                wait(begun, return_when=FIRST_EXCEPTION)
            finally:  # Ctrl-C comes this way too
                abandoned.set()
        _raise_first(begun)

    def stop(self) -> None:
        """Stop all at once."""
        with self._threads() as pool:
            ended = [pool.submit(server.stop) for server in self.servers.values()]
        _raise_first(ended)

    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max(1, len(self.servers)), thread_name_prefix="embedded")


def _raise_first(futures: list[Future[None]]) -> None:
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, Abandoned)):
        raise error


@contextmanager
def start(  # noqa: PLR0913  (each is a choice of the caller's own, and named)
    data: Path,
    *,
    report: Report,
    broker: Broker = "kafka",
    external: Mapping[str, str] = _NOTHING,
    preferred: Mapping[str, int] = WELL_KNOWN,
    topics: Iterable[str] = TOPICS,
) -> Iterator[Stack]:
    """Run the embedded servers on a data directory while the block runs.

    Args:
        data: created if need be; whatever the servers keep is in it.
        report: is shown each step.
        broker: `kafka` is Apache Kafka, `light` see `cli.embedded.light`.
        external: may hold the environment variables of `Endpoints.as_env`, and anything else
            beside them, so `os.environ` will do; a server that it names is not started.
        preferred: ports to take on a first start if they are free.
        topics: exist from the start in the light broker, which cannot be asked to create any.

    Raises:
        ConfigurationError: the directory is in use or cannot be written, or a server cannot be
            started. One line each, with the remedy.
    """
    data = data.resolve()
    with _claimed(data):
        make = _makers(data, _ports(data, preferred))
        if broker == "light":
            make[BROKERS] = lambda: Light(topics)
        ours = {name: Server(make[name](), data) for name in make if name not in external}
        stack = Stack(ours, external)
        try:
            stack.start(report)
            yield stack
        finally:
            stack.stop()


@contextmanager
def _claimed(data: Path) -> Iterator[None]:
    with told_plainly(data):
        data.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = claim.acquire(data / "lock")
        except claim.Held as other:
            raise ConfigurationError(
                f"{data} is in use by another `attune up` (process {other.pid}): stop that one, "
                "or choose another directory with ATTUNE_DATA"
            ) from None
        claim.sign(descriptor, os.getpid())
    try:
        yield
    finally:
        os.close(descriptor)


def _ports(data: Path, preferred: Mapping[str, int]) -> dict[str, int]:
    """Choose where the servers listen, and remember it."""
    file = data / "ports.json"
    names = (ports.KAFKA, ports.KAFKA_CONTROLLER, ports.REDIS, ports.POSTGRES)
    with told_plainly(data):
        chosen = ports.choose(names, ports.recall(file), preferred)
        ports.remember(file, chosen)
    return chosen


def _makers(data: Path, at: Mapping[str, int]) -> dict[str, Callable[[], Service]]:
    return {
        BROKERS: lambda: Kafka(data, at[ports.KAFKA], at[ports.KAFKA_CONTROLLER]),
        REDIS: lambda: Redis(data, at[ports.REDIS]),
        POSTGRES: lambda: Postgres(data, at[ports.POSTGRES]),
    }
