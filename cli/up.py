"""`attune up`: everything on this machine, step by step, and nothing left behind."""

import asyncio
import hashlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import httpx
from rich.console import Console
from rich.panel import Panel

from attune.adapters.kafka import create_topics, lag
from attune.adapters.postgres.migrate import migrate
from attune.errors import AttuneError, ConfigurationError
from attune.settings import ENV_FILE, Settings
from cli.embedded import stack as embedded
from cli.embedded.process import Child, Launch
from cli.embedded.stack import Broker, Server, Stack
from cli.progress import Steps
from cli.seed.load import DEMO, seed
from cli.simulate import simulate

WRITE_KEY = "wk_demo"
_READY_IN = 60.0  # seconds; a cold import of everything on a slow disk
_CAUGHT_UP_IN = 300.0  # seconds for consumers to take in what the simulation sent
_LOOK_EVERY = 0.5  # seconds
_SEED = 7


def up(settings: Settings, *, only: str | None, broker: Broker, visitors: int) -> None:
    """Start, prepare, run until Ctrl-C or until something ends that should not.

    Raises:
        ConfigurationError: something cannot be started; the message says what to do.
    """
    if only not in (None, "services"):
        raise ConfigurationError(f"--only {only}: the only choice is `services`")
    console = Console()
    steps = Steps(console)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the `with` below
    with suppress(KeyboardInterrupt), ExitStack() as closing:
        closing.callback(console.print, "[dim]everything is stopped[/]")
        stack = closing.enter_context(
            embedded.start(settings.data, broker=broker, report=steps, external=os.environ)
        )
        here = _write_env(settings, stack.endpoints.as_env())
        if only == "services":
            _say_services(console, here)
            _wait(lambda: _ended(stack, ()))
            return
        _check_port(here)
        first = _prepare(here, steps)
        roles = _start_roles(here, steps, closing)
        if first and visitors:
            _first_visitors(here, steps, visitors)
        (here.data / "prepared").touch()
        _say_ready(console, here, time.monotonic() - started)
        _wait(lambda: _ended(stack, roles))


def _write_env(settings: Settings, endpoints: Mapping[str, str]) -> Settings:
    """Tell the roles, those started here and by hand, where everything is."""
    demo = {
        "ATTUNE_DATA": str(settings.data.resolve()),
        "ATTUNE_COLLECT__WRITE_KEYS": f'{{"{WRITE_KEY}": "demo-shop"}}',
        "ATTUNE_API__DEMO_SHOP": "true",
        "ATTUNE_API__GRAPHIQL": "true",
    }
    file = settings.data / ENV_FILE.name
    file.write_text("".join(f"{k}='{v}'\n" for k, v in {**demo, **endpoints}.items()))
    return Settings(_env_file=file)


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


def _prepare(settings: Settings, steps: Steps) -> bool:
    """Create what is missing in the servers; say whether this is the first start."""
    first = not (settings.data / "prepared").exists()
    with steps.step("PostgreSQL schema"):
        migrate(settings)
    with steps.step("Kafka topics"):
        asyncio.run(create_topics(settings.kafka))
    _apply_features(settings, steps)
    if first:
        with steps.step("Content, segments and rules of the demo shop"):
            asyncio.run(seed(settings, DEMO))
    return first


def _apply_features(settings: Settings, steps: Steps) -> None:
    """Tell Feast about the features, unless nothing changed since: its import takes 4 s."""
    import feature_repo  # noqa: PLC0415 - only its place is needed

    sources = sorted(Path(feature_repo.__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = settings.data / "features-applied"
    if stamp.exists() and stamp.read_text() == digest:
        return
    with steps.step("Feast definitions"):
        from feature_repo.apply import apply  # noqa: PLC0415 - as above

        apply(settings)
        stamp.write_text(digest)


def _start_roles(settings: Settings, steps: Steps, closing: ExitStack) -> Sequence[Child]:
    """Start consumers and API as processes of their own, and wait until both work."""
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
    with steps.step("API and consumers"):
        roles[1].wait_until(lambda: _ready(settings), _READY_IN, Event())
    return roles


def _environment(settings: Settings) -> dict[str, str]:
    lines = (settings.data / ENV_FILE.name).read_text().splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def _ready(settings: Settings) -> bool:
    try:
        return (
            httpx.get(f"{_address(settings)}/health/ready", timeout=2).status_code == httpx.codes.OK
        )
    except httpx.TransportError:
        return False


def _first_visitors(settings: Settings, steps: Steps, visitors: int) -> None:
    """Simulate visitors, wait until they are features and archive, and train on them."""
    with steps.step(f"A week of {visitors} simulated visitors"):
        asyncio.run(_simulate(settings, visitors))
    with steps.step("First model: trained, checked, published") as step:
        from cli.train import summary, trained  # noqa: PLC0415 - scikit-learn takes seconds

        try:
            step.note(summary(trained(settings)))
        except AttuneError as error:
            step.note(f"no model: {error}")


async def _simulate(settings: Settings, visitors: int) -> None:
    async with httpx.AsyncClient(base_url=_address(settings), auth=(WRITE_KEY, "")) as client:
        tally = await simulate(client, _SEED, visitors, datetime.now(UTC))
    if not tally.clean:
        raise ConfigurationError(f"the collector refused simulated events: {tally.problems[0]}")
    await caught_up(settings, ("features", "archive"))


async def caught_up(settings: Settings, consumers: Sequence[str]) -> None:
    """Return when these consumers have committed everything there is.

    Raises:
        ConfigurationError: they have not, after five minutes.
    """
    from attune.stream import EVENTS  # noqa: PLC0415

    try:
        async with asyncio.timeout(_CAUGHT_UP_IN):
            for consumer in consumers:
                while await lag(settings.kafka, consumer, EVENTS):  # noqa: ASYNC110 - Kafka does not tell
                    await asyncio.sleep(0.2)
    except TimeoutError:
        raise ConfigurationError(
            f"the consumers do not keep up: see {settings.data}/logs/consumers.log"
        ) from None


def _say_ready(console: Console, settings: Settings, seconds: float) -> None:
    address = _address(settings)
    console.print(
        Panel(
            f"[bold]Demo shop[/]   {address}/\n"
            f"[bold]GraphiQL[/]    {address}/graphql\n"
            f"[bold]Collector[/]   {address}/v1/track   write key [cyan]{WRITE_KEY}[/]\n"
            f"[bold]Logs[/]        {settings.data}/logs\n\n"
            "`attune doctor` in another terminal says how everything is. Ctrl-C stops it all.",
            title=f"Attune is up, after {seconds:.1f} s",
            expand=False,
        ),
        highlight=False,
    )


def _say_services(console: Console, settings: Settings) -> None:
    console.print(
        f"Kafka {settings.kafka.brokers}\nRedis {settings.redis}\nPostgreSQL {settings.postgres}\n"
        f"Roles started by hand find them in {settings.data / ENV_FILE.name}. Ctrl-C stops them.",
        highlight=False,
    )


def _address(settings: Settings) -> str:
    return f"http://{settings.api.host}:{settings.api.port}"


def _ended(stack: Stack, roles: Sequence[Child]) -> str | None:
    """Return the last words of the first thing that ended by itself."""
    gone: list[Server | Child] = [*stack.died(), *(role for role in roles if role.ended())]
    return gone[0].last_words() if gone else None


def _wait(died: Callable[[], str | None]) -> None:
    """Watch over what was started, until Ctrl-C.

    Raises:
        ConfigurationError: something ended by itself; with its last words.
    """
    while True:
        if words := died():
            raise ConfigurationError(words)
        time.sleep(_LOOK_EVERY)
