"""`attune up`: everything on this machine, step by step, and nothing left behind."""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

import httpx
from rich.console import Console
from rich.panel import Panel

from attune.adapters.kafka.admin import lag
from attune.errors import AttuneError, ConfigurationError
from attune.settings import Settings
from attune.stream import EVENTS
from cli.embedded.stack import Broker
from cli.progress import Steps
from cli.running import WRITE_KEY, Running, everything, services
from cli.sending import SendingFailed
from cli.simulate import simulate

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
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as closing:
        closing.callback(console.print, "[dim]everything is stopped[/]")
        if only == "services":
            running = closing.enter_context(services(settings, broker, steps))
            _say_services(console, running)
        else:
            running = closing.enter_context(everything(settings, broker, steps))
            if running.first and visitors:
                _first_visitors(running, steps, visitors)
            running.prepared()
            _say_ready(console, running, time.monotonic() - started)
        _watch(running)


def _first_visitors(running: Running, steps: Steps, visitors: int) -> None:
    """Simulate visitors, wait until they are features and archive, and train on them."""
    with steps.step(f"A week of {visitors} simulated visitors"):
        asyncio.run(_simulate(running, visitors))
    with steps.step("First model: trained, checked, published") as step:
        from cli.train import summary, trained  # noqa: PLC0415 - scikit-learn takes seconds

        try:
            step.note(summary(trained(running.settings)))
        except AttuneError as error:
            step.note(f"no model: {error}")


async def _simulate(running: Running, visitors: int) -> None:
    # No proxy of the environment knows the way to this machine.
    async with httpx.AsyncClient(
        base_url=running.address, auth=(WRITE_KEY, ""), trust_env=False
    ) as client:
        try:
            tally = await simulate(client, _SEED, visitors, datetime.now(UTC))
        except SendingFailed as error:
            raise ConfigurationError(f"visitors cannot be simulated: {error}") from error
    if not tally.clean:
        raise ConfigurationError(f"the collector refused simulated events: {tally.problems[0]}")
    await caught_up(running.settings, ("features", "archive"))


async def caught_up(settings: Settings, consumers: Sequence[str]) -> None:
    """Return when these consumers have committed everything there is.

    Raises:
        ConfigurationError: they have not, after five minutes.
    """
    try:
        async with asyncio.timeout(_CAUGHT_UP_IN):
            for consumer in consumers:
                while await lag(settings.kafka, consumer, EVENTS):  # noqa: ASYNC110 - Kafka does not tell
                    await asyncio.sleep(0.2)
    except TimeoutError:
        raise ConfigurationError(
            f"the consumers do not keep up: see {settings.data}/logs/consumers.log"
        ) from None


def _say_ready(console: Console, running: Running, seconds: float) -> None:
    console.print(
        Panel(
            f"[bold]Demo shop[/]   {running.address}/\n"
            f"[bold]GraphiQL[/]    {running.address}/graphql\n"
            f"[bold]Collector[/]   {running.address}/v1/track   write key [cyan]{WRITE_KEY}[/]\n"
            f"[bold]Logs[/]        {running.settings.data}/logs\n\n"
            "`attune doctor` in another terminal says how everything is. Ctrl-C stops it all.",
            title=f"Attune is up, after {seconds:.1f} s",
            expand=False,
        ),
        highlight=False,
    )


def _say_services(console: Console, running: Running) -> None:
    here = running.settings
    console.print(
        f"Kafka      {here.kafka.brokers}\nRedis      {here.redis}\n"
        f"PostgreSQL {here.postgres.hosts()[0]['host']}:{here.postgres.hosts()[0]['port']}\n"
        f"Roles started here find them in {here.data}/env. Ctrl-C stops them.",
        highlight=False,
    )


def _watch(running: Running) -> None:
    """Watch over what was started, until Ctrl-C.

    Raises:
        ConfigurationError: something ended by itself; with its last words.
    """
    while True:
        if words := running.last_words():
            raise ConfigurationError(words)
        time.sleep(_LOOK_EVERY)
