"""`attune replay FILE`: the command around `cli.playback`, its progress bar and its summary."""

import asyncio
import math
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn
from rich.text import Text

from attune.settings import Settings
from cli.formats.rows import NotThisFormat
from cli.playback import FormatName, OnError, Options, Summary, replay
from cli.sending import Tally

_TIMEOUT = 30.0  # seconds; the collector gives up on its event log long before


def _speed(written: str) -> float:
    """Return events a second; `max` has no limit."""
    try:
        speed = math.inf if written == "max" else float(written)
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise typer.BadParameter(f'"{written}" is neither max nor a number of events a second')
    return speed


def command(  # noqa: PLR0913  # one parameter for each option of the command line
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, or CSV in .gz")
    ],
    *,
    file_format: Annotated[
        FormatName, typer.Option("--format", help="how the file is written")
    ] = FormatName.REES46,
    url: Annotated[
        str | None, typer.Option(help="the collector; default: where ATTUNE_API__... says it is")
    ] = None,
    write_key: Annotated[
        str | None, typer.Option(help="default: the first of ATTUNE_COLLECT__WRITE_KEYS")
    ] = None,
    speed: Annotated[
        float,
        typer.Option(parser=_speed, metavar="max|N", show_default="max", help="events a second"),
    ] = math.inf,
    on_error: Annotated[
        OnError, typer.Option(help="what a bad row or a refused event does to the rest")
    ] = OnError.CONTINUE,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="move all times so that the last event is now")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="rows to replay; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Send a file of past events through the HTTP collector.

    The same file sent twice is the same events: whatever was counted before is not counted again.
    Ends with 0 if every row was accepted, with 1 if not, and with 2 if it could not begin.
    """
    options = Options(
        file=file,
        format=file_format,
        speed=speed,
        on_error=on_error,
        shift_to=datetime.now(UTC) if shift_to_now else None,
        limit=limit,
    )
    settings = Settings()
    target = url or f"http://{settings.api.host}:{settings.api.port}"
    key = write_key or next(iter(settings.collect.write_keys), None)
    if key is None:
        raise typer.BadParameter("no write key is configured: name one", param_hint="--write-key")
    try:
        summary = asyncio.run(_run(options, target, key))
    except NotThisFormat as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error
    _show(summary, as_json=as_json)
    if not summary.clean:
        raise typer.Exit(1)


async def _run(options: Options, url: str, write_key: str) -> Summary:
    tally = Tally()
    # On stderr, so that the summary on stdout can be piped.
    bar = Progress(BarColumn(), TaskProgressColumn(), _Events(tally), console=Console(stderr=True))
    size = options.file.stat().st_size
    auth = httpx.BasicAuth(write_key, "")
    with bar:
        async with httpx.AsyncClient(base_url=url, auth=auth, timeout=_TIMEOUT) as client:
            return await replay(
                options, client, tally=tally, wrap=lambda file: bar.wrap_file(file, size)
            )


class _Events(ProgressColumn):
    """How many events are accepted so far, and how many a second."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally
        self._started = time.perf_counter()

    def render(self, task: Task) -> Text:  # noqa: ARG002  # rich passes it; the tally knows
        rate = self._tally.accepted / (time.perf_counter() - self._started)
        return Text(f"{self._tally.accepted:,} events, {rate:,.0f}/s")


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(asdict(summary) | {"rate": summary.rate}))
        return
    typer.echo(
        f"{summary.rows:,} rows: {summary.accepted:,} accepted, {summary.rejected:,} rejected, "
        f"{summary.bad_rows:,} bad; {summary.seconds:.1f} s, {summary.rate:,.0f} events/s"
    )
    for problem in summary.problems:
        typer.echo(f"  line {problem.line}: {problem.reason}")
    others = summary.rejected + summary.bad_rows - len(summary.problems)
    if others:
        typer.echo(f"  and {others:,} more")
    if summary.stopped:
        typer.echo(f"Not all was sent: {summary.stopped}")
