"""A call of Segment's API as JSON holds it, and how it is read: once, into typed structs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from attune.errors import BadRequest, InvalidEvent

MAX_MESSAGE_ID = 100
"""Characters; Segment's limit."""
MAX_DEPTH = 32
"""Objects and lists within each other; far below what a JSON reader's stack bears."""
MAX_CALLS = 2500
"""Of one batch; Segment's limit. It bounds the answer, which names each refused call."""

_TIME_REMEDY = "send ISO 8601 text such as 2026-01-31T12:00:00Z"
_REMEDIES = {
    "timestamp": _TIME_REMEDY,
    "originalTimestamp": _TIME_REMEDY,
    "sentAt": _TIME_REMEDY,
    "batch": 'send {"batch": [...]} with one object for each call',
}
_REMEDY = "send the type that is expected, or leave the field out"


class Call(msgspec.Struct, rename="camel"):
    """One call on the wire; every field may be absent or null."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    message_id: str | int | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    channel: str | None = None
    write_key: str | None = None


class Batch(msgspec.Struct, rename="camel"):
    """Many calls on the wire, each still unread, and what is common to them."""

    batch: list[msgspec.Raw]
    sent_at: datetime | None = None
    write_key: str | None = None


Wire = TypeVar("Wire", Call, Batch)

_calls: msgspec.json.Decoder[Call] = msgspec.json.Decoder(Call)
_batches: msgspec.json.Decoder[Batch] = msgspec.json.Decoder(Batch)


def read_call(raw: bytes) -> Call:
    """Return the call in the JSON, its values not checked yet.

    Raises:
        InvalidEvent: not JSON, or a field of the wrong type.
    """
    call = _read(_calls, raw, InvalidEvent)
    # Brackets bound the depth from above, and counting them is cheap: few calls are walked.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(call)
    return call


def read_batch(raw: bytes) -> Batch:
    """Return the batch in the JSON, its calls not read yet.

    Raises:
        BadRequest: not JSON, not a batch, or more than `MAX_CALLS`.
    """
    batch = _read(_batches, raw, BadRequest)
    if len(batch.batch) > MAX_CALLS:
        raise BadRequest(
            f"the batch has {len(batch.batch):,} calls",
            field="batch",
            remedy=f"send at most {MAX_CALLS:,} calls in one batch",
        )
    return batch


def _check_depth(call: Call) -> None:
    for field in ("properties", "traits", "context"):
        level: Iterable[object] = [getattr(call, field)]
        for _ in range(MAX_DEPTH):
            level = [child for parent in level for child in _children(parent)]
        if any(isinstance(value, dict | list) for value in level):
            raise InvalidEvent(
                f"{field} is nested too deeply",
                field=field,
                remedy=f"send at most {MAX_DEPTH} objects and lists within each other",
            )


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _read(decoder: msgspec.json.Decoder[Wire], raw: bytes, refusal: type[BadRequest]) -> Wire:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _mistyped(raw, str(error), refusal) from error
    except RecursionError as error:
        remedy = f"send at most {MAX_DEPTH} objects and lists within each other"
        raise refusal("the JSON is nested too deeply", remedy=remedy) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refusal(
            f"not JSON: {error}",
            value=raw[:100].decode(errors="replace"),
            remedy="send one JSON object in UTF-8",
        ) from error


def _mistyped(raw: bytes, message: str, refusal: type[BadRequest]) -> BadRequest:
    """Return the refusal of well-formed JSON whose field has the wrong type."""
    problem, _, path = message.partition(" - at `$.")
    field = path.rstrip("`")
    return refusal(
        f"{field or 'the call'}: {problem}",
        field=field,
        value=_value_in(raw, field),
        remedy=_REMEDIES.get(field, _REMEDY),
    )


def _value_in(raw: bytes, field: str) -> str:
    """Return the JSON of a field, "" where the body cannot be read at all.

    It reads the body again: a refusal may cost more than an acceptance.
    """
    try:
        body = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return bytes(body.get(field, b"")).decode(errors="replace")


def message_id_in(raw: bytes) -> str | None:
    """Return the messageId of a refused call, so that its sender can find it."""
    try:
        found = msgspec.json.decode(_value_in(raw, "messageId"))
    except msgspec.DecodeError:
        return None
    return found[:MAX_MESSAGE_ID] if isinstance(found, str) else None
