"""REES46's open data: a shop's views, carts and purchases, one a line, comma-separated.

Fields are not quoted: one line is one row, whatever is broken in it.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import msgspec

from cli.formats.rows import BadRow, Call, NotThisFormat

SESSION = "user_session"
"""May be empty, or cut off at the end of the line."""
COLUMNS = (
    "event_time",
    "event_type",
    "product_id",
    "category_id",
    "category_code",
    "brand",
    "price",
    "user_id",
    SESSION,
)
"""In any order; others are ignored."""

_EVENTS = {
    "view": "Product Viewed",
    "cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "purchase": "Order Completed",
}
_ZONE = " UTC"

Rows = Any
"""What `csv.reader` returns; the standard library does not export its type before Python 3.13."""

_encoder = msgspec.json.Encoder()


class _Bad(Exception):
    """The row is no event."""


def read(file: TextIO, name: str, shift: timedelta) -> Iterator[Call | BadRow]:
    """Yield each row as a call, or as a bad row with its reason; see `Format.read`."""
    heading, rows = _opened(file)  # here, not at the first row: a wrong file is refused at once
    return _read(heading, rows, name, shift)


def _read(
    heading: Sequence[str], rows: Rows, name: str, shift: timedelta
) -> Iterator[Call | BadRow]:
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return
            fields = _fields(heading, row)
            call = _call(fields, f"{name}-{rows.line_num}", shift)
            yield Call(rows.line_num, fields["user_id"], _encoder.encode(call))
        except UnicodeEncodeError:  # no JSON can hold a surrogate; see `Format.read`
            yield BadRow(rows.line_num, "the line is not UTF-8")
        except (_Bad, csv.Error) as problem:
            yield BadRow(rows.line_num, str(problem))


def last_moment(file: TextIO) -> datetime | None:
    """Return the time of the latest row that has one; see `Format.last_moment`."""
    heading, rows = _opened(file)
    latest = None
    for row in rows:
        try:
            moment = _moment(_fields(heading, row)["event_time"])
        except _Bad:
            continue  # `read` is going to report it
        latest = moment if latest is None else max(latest, moment)
    return latest


def _opened(file: TextIO) -> tuple[list[str], Rows]:
    """Return the heading, and the reader of the rows behind it."""
    rows = csv.reader(file, quoting=csv.QUOTE_NONE)
    heading = next(rows, [])
    missing = [column for column in COLUMNS if column not in heading]
    if missing:
        raise NotThisFormat(f"the first line does not name the columns {', '.join(missing)}")
    return heading, rows


def _fields(heading: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    if not row:
        raise _Bad("the line is empty")
    if len(row) > len(heading):
        raise _Bad(f"{len(row)} fields instead of {len(heading)}")
    found = dict(zip(heading, row, strict=False))
    missing = [column for column in COLUMNS if column not in found and column != SESSION]
    if missing:
        raise _Bad(f"{len(row)} fields instead of {len(heading)}: no {', '.join(missing)}")
    return found


def _call(row: dict[str, str], message_id: str, shift: timedelta) -> dict[str, object]:
    event = _EVENTS.get(row["event_type"])
    if event is None:
        raise _Bad(f'event_type is "{row["event_type"]}", not one of {", ".join(_EVENTS)}')
    for column in ("user_id", "product_id"):
        if not row[column]:
            raise _Bad(f"{column} is empty")
    return {
        "type": "track",
        "messageId": message_id,
        "userId": row["user_id"],
        "timestamp": _moment(row["event_time"]) + shift,
        "event": event,
        "properties": _properties(row, event),
    }


def _properties(row: dict[str, str], event: str) -> dict[str, object]:
    """Return the properties of the call; the price stays the text that the file has."""
    product = {
        "product_id": row["product_id"],
        "category": row["category_code"] or None,
        "category_id": row["category_id"] or None,
        "brand": row["brand"] or None,
        "price": row["price"] or None,
    }
    session = {"session_id": row.get(SESSION) or None}
    if event == "Order Completed":  # REES46 has one row for each product bought
        return {"revenue": row["price"] or None, "products": [product], **session}
    return {**product, **session}


def _moment(written: str) -> datetime:
    if written.endswith(_ZONE):
        try:
            return datetime.fromisoformat(written.removesuffix(_ZONE)).replace(tzinfo=UTC)
        except ValueError:
            pass
    raise _Bad(f'event_time is "{written}", not a time such as "2019-10-01 00:00:00 UTC"')
