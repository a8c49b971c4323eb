"""Letters as people read them, and as programs do."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attune.dead import Filed
from cli.dead.choice import Group
from cli.dead.fault import ABSENT, document, field_at_fault
from cli.dead.parcels import said_of


def show_groups(console: Console, groups: Sequence[Group]) -> None:
    """A line a reason and consumer."""
    table = Table("consumer", "reason", "letters", "replayed", "first", "last")
    for group in groups:
        first, last = group.letters[0].letter.at, group.letters[-1].letter.at
        counts = f"{len(group.letters):,}", f"{group.replayed:,}"
        _row(table, group.consumer, group.reason, *counts, _time(first), _time(last))
    console.print(table)


def show_each(console: Console, filed: Iterable[Filed]) -> None:
    """A line a letter."""
    table = Table("id", "put aside", "consumer", "reason", "message", "replayed")
    for one in filed:
        letter = one.letter
        sent = _time(one.resent.at) if one.resent else ""
        _row(
            table,
            one.id,
            _time(letter.at),
            letter.consumer,
            letter.reason,
            said_of(letter),
            sent,
        )
    console.print(table)


def _row(table: Table, *cells: str) -> None:
    table.add_row(*map(escape, cells))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def show_letter(console: Console, filed: Filed) -> None:
    """Everything about one letter, with its message, readable where it is JSON."""
    grid = Table.grid(padding=(0, 2))
    for name, value in _facts(filed):
        grid.add_row(f"[bold]{name}[/]", escape(value))
    console.print(grid)
    console.print()
    content = document(filed.letter)
    if content is ABSENT:
        console.print(repr(filed.letter.value), markup=False, highlight=False)
    else:
        console.print_json(msgspec.json.encode(content).decode())


def _facts(filed: Filed) -> Iterable[tuple[str, str]]:
    letter = filed.letter
    yield "letter", filed.id
    yield "reason", letter.reason
    if fault := field_at_fault(letter):
        path, found = fault
        yield "field", path
        yield "found there", "nothing" if found is ABSENT else msgspec.json.encode(found).decode()
    yield "consumer", letter.consumer
    yield "put aside", _time(letter.at)
    yield "message", said_of(letter)
    yield "key", _text(letter.key) or "none"
    if not letter.whole:
        yield "held here", f"its first {len(letter.value):,} bytes"
    if filed.resent:
        mended = ", mended" if filed.resent.mended else ""
        yield "replayed", _time(filed.resent.at) + mended


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode(errors="backslashreplace")


def as_json(filed: Filed) -> dict[str, Any]:
    """Return all of a letter: its message as JSON, or else as base64 under `raw`."""
    content = document(filed.letter)
    letter = msgspec.structs.asdict(filed.letter) | {"id": filed.id, "key": _text(filed.letter.key)}
    value = letter.pop("value")
    found = {"raw": value} if content is ABSENT else {"message": content}
    return letter | found | {"replayed": filed.resent and filed.resent.at}
