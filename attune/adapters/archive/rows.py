"""An archived event: typed columns for analysts, from which the canonical event comes back whole.

Free-form parts (traits, properties, context) are JSON text. Times are microseconds, UTC.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Raw

from attune.collect.event import Commerce, Event, Exposure, Kind, Product
from attune.collect.sealed import EMPTY, sealed
from attune.features.feature import act_of
from attune.ports import Taken
from attune.stream import Position

_MOMENT = pa.timestamp("us", tz="UTC")
_PRODUCT = pa.struct(
    [
        ("id", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("price_micros", pa.int64()),
        ("quantity", pa.int64()),
    ]
)

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("act", pa.string()),
        ("timestamp", _MOMENT),
        ("received_at", _MOMENT),
        ("source", pa.string()),
        ("profile", pa.string()),
        ("user_id", pa.string()),
        ("anonymous_id", pa.string()),
        ("session_id", pa.string()),
        ("previous_id", pa.string()),
        ("group_id", pa.string()),
        ("commerce_action", pa.string()),
        ("products", pa.list_(_PRODUCT)),
        ("order_id", pa.string()),
        ("revenue_micros", pa.int64()),
        ("currency", pa.string()),
        ("decision_id", pa.string()),
        ("slot", pa.string()),
        ("block", pa.string()),
        ("traits", pa.string()),
        ("properties", pa.string()),
        ("context", pa.string()),
        ("v", pa.int16()),
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
    ]
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def table_of(batch: Iterable[Taken]) -> pa.Table:
    """Return the rows of a batch."""
    return pa.Table.from_pylist([_row(taken) for taken in batch], SCHEMA)


def _row(taken: Taken) -> dict[str, Any]:
    event, position = taken.event, taken.position
    return {
        "id": event.id,
        "type": event.type,
        "kind": event.kind.value,
        "name": event.name,
        "act": act_of(event),
        "timestamp": event.timestamp,
        "received_at": event.received_at,
        "source": event.source,
        "profile": event.profile,
        "user_id": event.user_id,
        "anonymous_id": event.anonymous_id,
        "session_id": event.session_id,
        "previous_id": event.previous_id,
        "group_id": event.group_id,
        **(_commerce_columns(event.commerce) if event.commerce else {}),
        **(msgspec.structs.asdict(event.exposure) if event.exposure else {}),
        "traits": _json(sealed(event.traits)),
        "properties": _json(event.sealed_properties),
        "context": _json(event.sealed_context),
        "v": event.v,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
    }


def _commerce_columns(commerce: Commerce) -> dict[str, Any]:
    return {
        "commerce_action": commerce.action,
        "products": [msgspec.structs.asdict(product) for product in commerce.products],
        "order_id": commerce.order_id,
        "revenue_micros": commerce.revenue_micros,
        "currency": commerce.currency,
    }


def _json(members: Raw) -> str | None:
    return str(members, "utf-8") if members else None


COLUMNS: Sequence[str] = (
    # DuckDB gives a moment in the time zone of its session; microseconds are the same everywhere.
    "epoch_us(timestamp) AS timestamp",
    "epoch_us(received_at) AS received_at",
    *(f'"{name}"' for name in SCHEMA.names if name not in {"timestamp", "received_at"}),
)
"""What `event_of` needs, as DuckDB selects it."""


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the canonical event in a row of `COLUMNS`, equal to the one that was archived."""
    return Event(
        id=row["id"],
        type=row["type"],
        kind=Kind(row["kind"]),
        timestamp=_moment(row["timestamp"]),
        received_at=_moment(row["received_at"]),
        source=row["source"],
        user_id=row["user_id"],
        anonymous_id=row["anonymous_id"],
        session_id=row["session_id"],
        name=row["name"],
        previous_id=row["previous_id"],
        group_id=row["group_id"],
        commerce=_commerce(row) if row["commerce_action"] is not None else None,
        exposure=_exposure(row) if row["decision_id"] is not None else None,
        traits=msgspec.json.decode(row["traits"] or "{}"),
        sealed_properties=_sealed(row["properties"]),
        sealed_context=_sealed(row["context"]),
        v=row["v"],
    )


def taken_of(row: Mapping[str, Any]) -> Taken:
    """Return the event in a row of `COLUMNS`, and where it lay in Kafka."""
    position = Position(row["topic"], row["partition"], row["offset"])
    return Taken(position, event_of(row))


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND  # exact, where a division by a million is not


def _commerce(row: Mapping[str, Any]) -> Commerce:
    return Commerce(
        action=row["commerce_action"],
        products=tuple(Product(**product) for product in row["products"]),
        order_id=row["order_id"],
        revenue_micros=row["revenue_micros"],
        currency=row["currency"],
    )


def _exposure(row: Mapping[str, Any]) -> Exposure:
    return Exposure(decision_id=row["decision_id"], slot=row["slot"], block=row["block"])


def _sealed(text: str | None) -> Raw:
    return EMPTY if text is None else Raw(text)
