"""`attune dead replay`."""

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from attune.dead import Parcel
from attune.settings import Kafka, Settings
from cli.dead.choice import Choice, named
from cli.dead.options import For, Of, fetch, progress, read
from cli.dead.parcels import Parcels, as_they_are, mended, of_message, said_of

_SHOWN = 20


def replay(  # noqa: PLR0913 - one parameter for each option of the command line
    ids: Annotated[
        list[str] | None, typer.Argument(help="`partition:offset`, as `list --each` says")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="all that was not replayed before")
    ] = False,
    consumer: Of = None,
    reason: For = None,
    edit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="send this in the place of the one letter; - is the input"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be sent")] = False,
) -> None:
    """Send messages again, for the consumers that put them aside.

    They go back to the topic they came from, under their own key and message id, and their letters
    are marked: `--all` and `--reason` leave out what was replayed before, an id sends it once more.
    To mend one: `attune dead show ID --value > event.json`, then `replay ID --edit event.json`;
    it is sent to all who put that message aside. Ends with 1 if something could not be sent.
    """
    if bool(ids) + everything + (reason is not None) != 1:
        raise typer.BadParameter("name ids, or --reason TEXT, or --all")
    if edit and len(ids or ()) != 1:
        raise typer.BadParameter("--edit mends one letter: name its id")
    kafka = Settings().kafka
    letters = read(kafka)
    chosen = named(letters, ids) if ids else [one for one in letters if not one.resent]
    if edit:
        chosen = of_message(chosen[0], letters)
    chosen = list(Choice(consumer, reason).of(chosen))
    if edit and chosen:
        parcels = Parcels([mended(chosen, _content(edit))])
    else:
        parcels = asyncio.run(as_they_are(chosen, partial(fetch, kafka)))
    if not dry_run:
        asyncio.run(_send(kafka, parcels.ready))
    _say(parcels, dry_run=dry_run)
    if parcels.left:
        raise typer.Exit(1)


async def _send(kafka: Kafka, parcels: list[Parcel]) -> None:
    from attune.adapters.kafka.dead import open_resender  # noqa: PLC0415 - slow, see cli.main

    if not parcels:
        return
    with progress() as bar:
        async with open_resender(kafka) as resender:
            for parcel in bar.track(parcels, description="replaying"):
                await resender.send(parcel, datetime.now(UTC))


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--edit") from error


def _say(parcels: Parcels, *, dry_run: bool) -> None:
    for parcel in parcels.ready if dry_run else ():
        ids = ", ".join(one.id for one in parcel.letters)
        typer.echo(f"{ids}: {parcel.topic}, for {', '.join(parcel.consumers)}")
    count = len(parcels.ready)
    would = "would be " if dry_run else ""
    typer.echo(f"{count:,} {'message' if count == 1 else 'messages'} {would}replayed")
    for filed, reason in parcels.left[:_SHOWN]:
        typer.echo(f"not {filed.id} ({said_of(filed.letter)}): {reason}", err=True)
    if more := len(parcels.left[_SHOWN:]):
        typer.echo(f"nor {more:,} more", err=True)
    if parcels.left:
        typer.echo("They would be put aside again: mend them one by one with --edit", err=True)
