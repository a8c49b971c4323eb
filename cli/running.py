"""Everything on this machine: the embedded servers, what they must hold, and the roles on them."""

import asyncio
import hashlib
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import httpx
from dotenv import dotenv_values

import feature_repo
from attune.adapters.kafka.admin import create_topics
from attune.adapters.postgres.migrate import migrate
from attune.errors import ConfigurationError
from attune.settings import ENV_FILE, Settings
from attune.stream import TOPICS
from cli.embedded import stack as embedded
from cli.embedded.process import Child, Launch
from cli.embedded.report import Report
from cli.embedded.stack import Broker, Stack
from cli.seed.load import DEMO, seed

WRITE_KEY = "wk_demo"
_PREPARED = "prepared"
_READY_IN = 120.0  # seconds; a cold import of everything on a slow and busy machine


@dataclass(frozen=True, slots=True)
class Running:
    """Everything as it runs."""

    settings: Settings
    stack: Stack
    roles: Sequence[Child] = ()

    @property
    def address(self) -> str:
        """Of the API."""
        return f"http://{self.settings.api.host}:{self.settings.api.port}"

    @property
    def first(self) -> bool:
        """Whether this data directory has not been up before."""
        return not (self.settings.data / _PREPARED).exists()

    def prepared(self) -> None:
        """Remember that it has been up."""
        (self.settings.data / _PREPARED).touch()

    def last_words(self) -> str | None:
        """Return how the first thing ended that ended by itself, None while all live."""
        if dead := self.stack.died():
            return dead[0].last_words()
        return next((role.last_words() for role in self.roles if role.ended()), None)


@contextmanager
def services(settings: Settings, broker: Broker, report: Report) -> Iterator[Running]:
    """Run Kafka, Redis and PostgreSQL, save those that the environment names elsewhere.

    Raises:
        ConfigurationError: one cannot be started; the message says what to do.
    """
    topics = [settings.kafka.topic_prefix + topic for topic in TOPICS]
    with embedded.start(
        settings.data, broker=broker, report=report, external=os.environ, topics=topics
    ) as stack:
        yield Running(_write_env(settings, stack.endpoints.as_env()), stack)


@contextmanager
def everything(settings: Settings, broker: Broker, report: Report) -> Iterator[Running]:
    """Run the servers with the demo shop's content, and consumers and API on them.

    Raises:
        ConfigurationError: something cannot be started; the message says what to do.
    """
    _check_port(settings)
    with ExitStack() as closing:
        running = closing.enter_context(services(settings, broker, report))
        _prepare(running, report)
        yield replace(running, roles=_start_roles(running, report, closing))


def _write_env(settings: Settings, endpoints: Mapping[str, str]) -> Settings:
    """Tell the roles, those started here and by hand, where everything is."""
    demo = {
        "ATTUNE_DATA": str(settings.data.resolve()),
        "ATTUNE_COLLECT__WRITE_KEYS": f'{{"{WRITE_KEY}": "demo-shop"}}',
        "ATTUNE_API__DEMO_SHOP": "true",
        "ATTUNE_API__GRAPHIQL": "true",
        "ATTUNE_API__INTROSPECTION": "true",
        "ATTUNE_API__HOST": settings.api.host,
        "ATTUNE_API__PORT": str(settings.api.port),
    }
    file = settings.data / ENV_FILE.name
    file.touch(mode=0o600)  # it holds PostgreSQL's password
    file.write_text("".join(f"{k}={_quoted(v)}\n" for k, v in {**demo, **endpoints}.items()))
    return Settings(_env_file=file)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.api.host, settings.api.port))
        except OSError as error:
            raise ConfigurationError(
                f"the API cannot listen on {settings.api.host}:{settings.api.port} "
                f"({error.strerror}): end what uses it, or choose another: "
                "ATTUNE_API__PORT=8001 make run"
            ) from error


def _prepare(running: Running, report: Report) -> None:
    """Create what is missing in the servers."""
    settings = running.settings
    with report.step("PostgreSQL schema"):
        migrate(settings)
    with report.step("Kafka topics"):
        asyncio.run(create_topics(settings.kafka))
    _apply_features(settings, report)
    if running.first:
        with report.step("Content, segments and rules of the demo shop"):
            asyncio.run(seed(settings, DEMO))


def _apply_features(settings: Settings, report: Report) -> None:
    """Tell Feast about the features, unless nothing changed since: its import takes 4 s."""
    sources = sorted(Path(feature_repo.__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = settings.data / "features-applied"
    if stamp.exists() and stamp.read_text() == digest:
        return
    with report.step("Feast definitions"):
        from feature_repo.apply import apply  # noqa: PLC0415 - imports feast

        apply(settings)
        stamp.write_text(digest)


def _start_roles(running: Running, report: Report, closing: ExitStack) -> Sequence[Child]:
    """Start consumers and API as processes of their own, and wait until both work."""
    settings = running.settings
    roles = []
    for name, arguments in (("consumers", ["consume", "all"]), ("api", ["api"])):
        launch = Launch(
            [sys.executable, "-m", "cli", *arguments],
            env=_environment(settings),
            cwd=Path.cwd(),
            death_signal=signal.SIGTERM,
        )
        child = Child(name, launch, settings.data)
        closing.callback(child.stop)
        roles.append(child)
    with report.step("API and consumers"):
        roles[1].wait_until(lambda: _ready(running), _READY_IN, Event())
    return roles


def _environment(settings: Settings) -> dict[str, str]:
    found = dotenv_values(settings.data / ENV_FILE.name, interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


def _ready(running: Running) -> bool:
    try:
        ready = httpx.get(f"{running.address}/health/ready", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return ready.status_code == httpx.codes.OK and ready.json()["status"] == "ready"
