"""What the commands have in common."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from attune.dead import Filed
from attune.settings import Kafka
from attune.stream import Position

Of = Annotated[str | None, typer.Option("--consumer", help="only what this consumer put aside")]
For = Annotated[str | None, typer.Option("--reason", help="only with this text in the reason")]


def read(kafka: Kafka) -> list[Filed]:
    """Return all dead letters, with progress while they are read."""
    from attune.adapters.kafka.dead import read_letters  # noqa: PLC0415 - slow, see cli.main

    with progress() as bar:
        task = bar.add_task("reading dead letters", total=None)
        return asyncio.run(read_letters(kafka, lambda count: bar.update(task, completed=count)))


async def fetch(kafka: Kafka, position: Position) -> bytes | None:
    """Return a message from where it lies, None if Kafka no longer keeps it."""
    from attune.adapters.kafka.dead import message_at  # noqa: PLC0415 - slow, see cli.main

    return await message_at(kafka, position)


def progress() -> Progress:
    """Return a bar on stderr, so that what is printed can be piped; gone when it is done."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)
