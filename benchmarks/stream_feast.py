"""Contender `stream.feast`: Feast's own batched write alone, of the rows that our consumer writes.

Reads the events beforehand, in the batches in which our consumer is given them, and then measures
nothing but `online_write_batch`, which is twice as fast as its async twin. The values are Feast's
protobuf values already: a writer would also have to consume, fold and convert; we let it.

`entity` writes one row for each visitor, product and visit of a batch, as our consumer does, with a
value for each feature that ours folds. `thirty` leaves out all but thirty values of a visitor (ours
folds the others all the same). `user` writes the rows of visitors only, `event` one of theirs for
each event, as a stream does that is pushed to Feast as it comes.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import feast
from feast.infra.online_stores.redis import RedisOnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import DoubleList, StringList, Value
from feast.repo_config import RepoConfig
from feast.types import Array, Float64, Int64, String
from marks import Marks

from attune.adapters.kafka.member import open_source
from attune.collect.event import Event, decode
from attune.features.feature_set import FeatureSet
from attune.features.view import Entity
from attune.settings import Settings
from attune.stream import EVENTS
from feature_repo.apply import environment
from feature_repo.views import FEATURES, USER_FEATURES

FEWER = 30
"""Values of a row where not all are written."""

Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Batch = list[Event]

_TYPES: dict[str, Any] = {
    "int64": Int64,
    "float64": Float64,
    "string": String,
    "string_list": Array(String),
    "float64_list": Array(Float64),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What Feast writes of one kind of entity."""

    view: feast.FeatureView
    rows: list[list[Row]]
    """Batch by batch."""


def main(group: str, count: int, rows: str) -> None:
    """Read `count` events as `group`, then write `rows`: `entity`, `thirty`, `user` or `event`."""
    settings = Settings(_env_file=None)
    batches = asyncio.run(read(settings, group, count))
    config = _config(settings)
    store = RedisOnlineStore()
    most = FEWER if rows == "thirty" else None
    users = [_users(batch, each=rows == "event") for batch in batches]
    kinds = [_kind(USER_FEATURES, users, most)]
    if rows in ("entity", "thirty"):
        kinds += [
            _kind(features, [_things(features.entity, batch) for batch in batches], most)
            for features in FEATURES[1:]
        ]
    marks = Marks()
    done = 0
    for number, batch in enumerate(batches):
        for kind in kinds:
            if kind.rows[number]:
                store.online_write_batch(config, kind.view, kind.rows[number], None)
        done += len(batch)
        marks.at(done)
    marks.tell()


async def read(settings: Settings, group: str, count: int) -> list[Batch]:
    """Return the batches that a consumer of a group of its own is given."""
    batches: list[Batch] = []
    stop = asyncio.Event()
    async with open_source(settings.kafka, group, EVENTS, 0) as source:
        async for batch in source.batches(stop):
            if batch:
                batches.append([decode(message.value) for message in batch])
            if sum(map(len, batches)) >= count:
                stop.set()
    return batches


def _config(settings: Settings) -> RepoConfig:
    return RepoConfig(
        project=settings.project,
        provider="local",
        registry="unused",
        online_store={
            "type": "redis",
            "connection_string": environment(settings)["ATTUNE_FEAST_REDIS"],
        },
        entity_key_serialization_version=3,
    )


def _users(batch: Batch, *, each: bool) -> list[str]:
    owners = [event.profile for event in batch]
    return owners if each else list(dict.fromkeys(owners))


def _things(entity: Entity, batch: Batch) -> list[str]:
    return list(dict.fromkeys(thing for event in batch for thing, _ in entity.slices(event)))


def _kind(features: FeatureSet, ids: list[list[str]], most: int | None) -> Kind:
    fields = features.fields[:most]
    join_key = features.entity.join_key
    view = feast.FeatureView(
        name=f"plain_{features.entity.name}",
        entities=[feast.Entity(name=features.entity.name, join_keys=[join_key])],
        schema=[feast.Field(name=field.name, dtype=_TYPES[field.type]) for field in fields],
        source=feast.FileSource(path="unused.parquet", timestamp_field="event_timestamp"),
    )
    values = [{field.name: _value(field.type, seed) for field in fields} for seed in range(500)]
    return Kind(view, list(_rows(join_key, ids, values)))


def _rows(
    join_key: str, batches: list[list[str]], values: list[dict[str, Value]]
) -> Iterator[list[Row]]:
    """Make the rows of each batch; later ones are newer, or Feast would leave them out."""
    moment = datetime.now(UTC)
    for ids in batches:
        rows: list[Row] = []
        for place, known in enumerate(ids):
            moment += timedelta(milliseconds=1)
            key = EntityKey(join_keys=[join_key], entity_values=[Value(string_val=known)])
            rows.append((key, values[place % len(values)], moment, None))
        yield rows


def _value(kind: str, seed: int) -> Value:
    name = f"category-{seed % 9}"
    if kind == "int64":
        return Value(int64_val=seed % 12)
    if kind == "float64":
        return Value(double_val=seed / 7)
    if kind == "string":
        return Value(string_val=name)
    if kind == "string_list":
        return Value(string_list_val=StringList(val=[name, name]))
    return Value(double_list_val=DoubleList(val=[seed / 7, seed / 9]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
