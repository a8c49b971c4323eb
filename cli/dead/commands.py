"""The commands of `attune dead`."""

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from attune.settings import Settings
from cli.dead.choice import Choice, groups, moment, named
from cli.dead.options import For, Of, fetch, read
from cli.dead.parcels import whole
from cli.dead.replay import replay
from cli.dead.shown import as_json, show_each, show_groups, show_letter

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""See what was put aside and why, and send it again.

    A message that no retry would mend goes to the topic `events.dead`, and the consumer goes on.
    Mend the cause, then `attune dead replay`.""",
)
app.command("replay")(replay)


def _since(text: str) -> datetime:
    try:
        return moment(text, datetime.now(UTC))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is neither a time nor 30s, 15m, 2h or 7d") from None


Json = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command("list")
def list_letters(
    *,
    consumer: Of = None,
    reason: For = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=_since, metavar="TIME|2h", help="only put aside since then"),
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="one line a letter, with its id")] = False,
    json: Json = False,
) -> None:
    """List what was put aside, by consumer and reason."""
    filed = list(Choice(consumer, reason, since).of(read(Settings().kafka)))
    if json:
        _print([as_json(one) for one in filed] if each else [g.as_json() for g in groups(filed)])
    elif not filed:
        typer.echo("no dead letters")
    elif each:
        show_each(Console(), filed)
    else:
        show_groups(Console(), groups(filed))


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="`partition:offset`, as `list --each` says")],
    *,
    value: Annotated[
        bool, typer.Option("--value", help="just the message, to be mended in a file")
    ] = False,
    json: Json = False,
) -> None:
    """Show all of one letter, and the field that is at fault."""
    kafka = Settings().kafka
    (filed,) = named(read(kafka), [letter])
    if value:
        sys.stdout.buffer.write(asyncio.run(whole(filed.letter, partial(fetch, kafka))))
    elif json:
        _print(as_json(filed))
    else:
        show_letter(Console(), filed)


def _print(content: Any) -> None:  # noqa: ANN401 - what msgspec can write
    typer.echo(msgspec.json.format(msgspec.json.encode(content), indent=2))
