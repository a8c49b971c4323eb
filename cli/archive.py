"""`attune archive`: what is kept, made compact, and asked by analysts."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from attune.errors import ConfigurationError
from attune.settings import Settings

# As in cli.main: what only these commands need is imported inside them.
# ruff: noqa: PLC0415

app = typer.Typer(no_args_is_help=True, help="What was on the stream, for good: look at it.")

_SHOWN = 200
"""Rows of a table; more are for a file."""


@app.command()
def status() -> None:
    """Show days, files, bytes and events, and the offset that each topic partition reached."""
    from attune.adapters.archive.store import open_archive, place

    settings = Settings()
    with open_archive(settings) as archive:
        days, reached = archive.days(), archive.reached()
    console, where = Console(), place(settings)
    if not days:
        console.print(f"Nothing is archived in {where} yet: run `attune consume archive`.")
        return
    table = Table("day", title=f"Archive in {escape(where)}", show_footer=True)
    table.columns[0].footer = f"{len(days):,} in all"
    for name, total in (
        ("files", f"{sum(day.files for day in days):,}"),
        ("size", decimal(sum(day.bytes for day in days))),
        ("events", f"{sum(day.events for day in days):,}"),
    ):
        table.add_column(name, total, justify="right")
    for day in days:
        table.add_row(str(day.day), f"{day.files:,}", decimal(day.bytes), f"{day.events:,}")
    console.print(table)
    offsets = Table("topic", "partition", title="Archived up to and with")
    offsets.add_column("offset", justify="right")
    for (topic, partition), offset in sorted(reached.items()):
        offsets.add_row(topic, str(partition), f"{offset:,}")
    console.print(offsets)


@app.command()
def compact(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only this day, as 2026-11-02; else every day."),
    ] = None,
) -> None:
    """Join the files of each day into one now; `attune consume archive` does it by itself."""
    from attune.adapters.archive.compaction import Compactor

    compactor, console = Compactor(_files(Settings())), Console()
    days = compactor.days()
    if day is not None:
        if day.date() not in days:
            raise ConfigurationError(f"nothing is archived of {day:%Y-%m-%d}")
        days = [day.date()]
    joined = 0
    for each in days:
        done = compactor.compact(each, datetime.now(UTC))
        joined += done.joined
        if done.joined or done.removed:
            console.print(f"{each}: {done.joined} files joined, {done.removed} old ones removed")
    if joined:
        console.print(
            "Joined files stay for an hour, for those who read them now; the consumer removes "
            "them then, or this command."
        )
    else:
        console.print(f"Nothing to join: {len(days)} days are compact.")


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")],
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows as CSV.")] = False,
) -> None:
    """Ask the views `events`, `orders`, `sessions`, `daily`, `exposures` (see docs/archive.md)."""
    from attune.adapters.archive.analysis import ask

    with ask(_files(Settings()), query) as answer:
        if as_csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(answer.columns)
            writer.writerows(map(_text, row) for row in answer.rows)
            return
        console = Console()
        _show(console, answer.columns, [[*map(_text, row)] for row in islice(answer.rows, _SHOWN)])
        if next(answer.rows, None) is not None:
            console.print(f"The first {_SHOWN} rows; `--csv` gives all.")


@app.command()
def views(
    file: Annotated[Path, typer.Argument(help="`*.sql`, or `*.duckdb` for a database.")] = Path(
        "views.sql"
    ),
    at: Annotated[
        str | None, typer.Option(help="Where the analyst finds the archive; else where it is here.")
    ] = None,
) -> None:
    """Write the views for an analyst's own DuckDB."""
    from attune.adapters.archive.analysis import write_views

    root = _files(Settings())
    write_views(root, file, at or str(root.resolve()))
    how = f"duckdb {file}" if file.suffix == ".duckdb" else f"duckdb -init {file}"
    Console().print(f"Written: `{how}`, then: from daily order by day;", highlight=False)


def _show(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or where that is wider than the terminal, each row as one of its own."""
    table = Table(*map(escape, columns))
    for row in rows:
        table.add_row(*map(escape, row))
    if (
        console.measure(table, options=console.options.update(width=10_000)).maximum
        <= console.width
    ):
        console.print(table)
        return
    for number, row in enumerate(rows, 1):
        record = Table("row", str(number), box=SIMPLE_HEAD)
        for name, value in zip(columns, row, strict=True):
            record.add_row(escape(name), escape(value))
        console.print(record)


def _files(settings: Settings) -> Path:
    from attune.adapters.archive.store import folder, place

    if settings.archive.clickhouse is not None:
        raise ConfigurationError(
            f"the archive is in {place(settings)}, which merges by itself and answers SQL itself: "
            "ask table attune_events there (docs/archive.md)"
        )
    return folder(settings)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever DuckDB answers
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
