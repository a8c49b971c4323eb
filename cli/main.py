"""`attune`: every role of the engine, each one command."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from attune.errors import AttuneError
from attune.settings import Settings
from cli.archive import app as archive_app
from cli.dead.commands import app as dead_app
from cli.documents import app as documents_app
from cli.features.commands import app as features_app
from cli.logs import configure_logs
from cli.replay import command as replay_command
from cli.settings_table import masked

# Roles are imported inside their commands: `attune --help` must not wait 4 s for Feast, nor the
# API's image carry what only training needs.
# ruff: noqa: PLC0415

Broker = Literal["kafka", "light"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""**Attune**: real-time personalization. Events become features, scores and content
    while the visitor is still there.

    Start with `attune up`, which runs everything on this machine. In production each role is a
    command of its own, pointed at real servers by the environment: `ATTUNE_KAFKA__BROKERS`,
    `ATTUNE_REDIS`, `ATTUNE_POSTGRES`, and more (`attune settings` shows all).""",
)
app.add_typer(features_app, name="features")
app.add_typer(dead_app, name="dead")
app.add_typer(documents_app, name="documents")
app.add_typer(archive_app, name="archive")
app.command("replay")(replay_command)


@app.command()
def up(
    only: Annotated[
        str | None,
        typer.Option(help="`services`: just Kafka, Redis and PostgreSQL, for development."),
    ] = None,
    broker: Annotated[
        Broker,
        typer.Option(
            help="`kafka`: Apache Kafka itself. `light`: librdkafka's in-process broker, memory "
            "only, for machines that cannot fetch Kafka's jars."
        ),
    ] = "kafka",
    visitors: Annotated[
        int, typer.Option(min=0, help="Simulated visitors of the first start; 0 for none.")
    ] = 250,
) -> None:
    """Run everything on this machine: servers, API, consumers, the demo shop."""
    from cli.up import up as run_up

    run_up(Settings(), only=only, broker=broker, visitors=visitors)


@app.command()
def api(
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes under one that watches them, one a core; without, this process serves.",
        ),
    ] = None,
) -> None:
    """Serve the collector (`/v1/*`), GraphQL and health on `ATTUNE_API__HOST` and `__PORT`.

    SIGTERM ends it once the requests in hand are answered. With `--workers`, also with one, SIGHUP
    replaces them one by one, the new one ready before the old one ends: new code, new
    `.attune/env`, and no lost request. Without, SIGHUP changes nothing, and the log says so.
    """
    from cli.serving import serve

    configure_logs()
    serve(Settings().api, workers)


@app.command()
def consume(
    names: Annotated[
        list[str], typer.Argument(help="`features`, `profiles`, `measure`, `archive`, or `all`.")
    ],
) -> None:
    """Run consumers in this process until SIGTERM; start more processes for more throughput."""
    from consumers.main import CONSUMERS
    from consumers.main import main as run_consumers

    configure_logs()
    run_consumers(Settings(), list(CONSUMERS) if names == ["all"] else names)


@app.command()
def train(
    *,
    horizon: Annotated[
        float,
        typer.Option(min=0.01, help="Hours within which a purchase counts as following a moment."),
    ] = 1.0,
    force: Annotated[
        bool, typer.Option(help="Publish even a model that is no better than the prior.")
    ] = False,
) -> None:
    """Train the models from the archive, check them, and publish them to the API."""
    from cli.train import train as run_training

    run_training(Settings(), horizon=timedelta(hours=horizon), force=force)


@app.command()
def backfill(
    entities: Annotated[
        list[str] | None, typer.Argument(help="`user`, `item`, ...: only these; all, without.")
    ] = None,
) -> None:
    """Fill new feature views, and new versions, from the archive, while live events go on.

    Run it after a release whose `attune features apply` said so, and after Redis was lost. Rows
    are filled one by one, each in one guarded write, so it can be interrupted and begun again at
    any time; until a row is whole, its new fields are null and `degraded` says so.
    """
    from cli.backfill import backfill as run_backfill

    run_backfill(Settings(), entities or [])


@app.command()
def migrate() -> None:
    """Bring the PostgreSQL schema to the newest revision."""
    from attune.adapters.postgres.migrate import migrate as run_migrations

    applied = run_migrations(Settings())
    Console().print(f"applied: {', '.join(applied)}" if applied else "up to date")


@app.command()
def seed(
    file: Annotated[
        Path | None, typer.Argument(help="JSON with segments, slots, blocks and rules.")
    ] = None,
) -> None:
    """Put content and rules in the place of what is there (the demo shop's, without FILE)."""
    from cli.seed.load import DEMO, seed as run_seed  # noqa: I001

    counts = asyncio.run(run_seed(Settings(), file or DEMO))
    Console().print(", ".join(f"{count} {noun}" for noun, count in counts.items()))


@app.command()
def doctor() -> None:
    """Say what is reachable, what is wrong, and what to do about it. Exit code 1 if anything is."""
    from cli.doctor import examine, show

    findings = asyncio.run(examine(Settings()))
    show(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


@app.command()
def settings() -> None:
    """Show every setting: its variable, its value, what it means. Secrets are masked."""
    from cli.settings_table import show as show_settings

    show_settings(Settings())


def main() -> None:
    """Run the command line; an error raised on purpose is one line, not a trace."""
    try:
        app()
    except AttuneError as error:
        _fail(str(error))
    except ValidationError as error:
        for each in error.errors(include_url=False):
            variable = "ATTUNE_" + "__".join(str(part) for part in each["loc"]).upper()
            value = masked(variable, each["input"])
            _fail(f"{variable} is {value!r}: {each['msg']}; `attune settings` shows all")
    except SettingsError as error:
        remedy = """it holds JSON, as in ATTUNE_COLLECT__WRITE_KEYS='{"wk_demo": "demo-shop"}'"""
        _fail(f"{error}: {remedy}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(f"attune: {message}", style="red", highlight=False, markup=False)
    sys.exit(1)
