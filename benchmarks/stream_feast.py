"""Contender `stream.feast`: Feast's own batched write alone, of rows of 30 plain values.

Reads the events beforehand, in the batches in which our consumer is given them, and then measures
nothing but `online_write_batch`, which is twice as fast as its async twin. The values are Feast's
protobuf values already: a writer would also have to consume, fold and convert; we let it.

`profile` writes one row for each profile of a batch, the rows that our consumer writes; `event` one
row for each event, as a stream does that is pushed to Feast as it comes.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import feast
from feast.infra.online_stores.redis import RedisOnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import RepoConfig
from feast.types import Float64, Int64, String
from marks import Marks

from attune.adapters.kafka.member import open_source
from attune.collect.event import decode
from attune.settings import Settings
from attune.stream import EVENTS
from feature_repo.apply import environment

INTEGERS, FLOATS, TEXTS = 20, 8, 2
"""Thirty values: counts for the most part, as our features are."""

Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Batch = list[str]
"""The profile of each event."""


def main(group: str, count: int, row: str) -> None:
    """Read `count` events as `group`, then write a row for each `profile` or `event`."""
    settings = Settings(_env_file=None)
    batches = asyncio.run(read(settings, group, count))
    config = _config(settings)
    store, view = RedisOnlineStore(), _view()
    rows = list(_rows(batches, by_profile=row == "profile"))
    marks = Marks()
    done = 0
    for owners, batch in zip(batches, rows, strict=True):
        store.online_write_batch(config, view, batch, None)
        done += len(owners)
        marks.at(done)
    marks.tell()


async def read(settings: Settings, group: str, count: int) -> list[Batch]:
    """Return the batches that a consumer of a group of its own is given."""
    batches: list[Batch] = []
    stop = asyncio.Event()
    async with open_source(settings.kafka, group, EVENTS, 0) as source:
        async for batch in source.batches(stop):
            if batch:
                batches.append([decode(message.value).profile for message in batch])
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


def _view() -> feast.FeatureView:
    names = _values(0)
    types: dict[str, Any] = {"i": Int64, "f": Float64, "t": String}
    return feast.FeatureView(
        name="plain",
        entities=[feast.Entity(name="user", join_keys=["user_id"])],
        schema=[feast.Field(name=name, dtype=types[name[0]]) for name in names],
        source=feast.FileSource(path="unused.parquet", timestamp_field="event_timestamp"),
    )


def _values(seed: int) -> dict[str, Value]:
    return (
        {f"i{n}": Value(int64_val=seed % (n + 2)) for n in range(INTEGERS)}
        | {f"f{n}": Value(double_val=seed / (n + 3)) for n in range(FLOATS)}
        | {f"t{n}": Value(string_val=f"category-{seed % (n + 9)}") for n in range(TEXTS)}
    )


def _rows(batches: list[Batch], *, by_profile: bool) -> Iterator[list[Row]]:
    """Make the rows of each batch; later ones are newer, or Feast would leave them out."""
    moment = datetime.now(UTC)
    values = [_values(seed) for seed in range(500)]
    for owners in batches:
        rows: list[Row] = []
        for place, profile in enumerate(dict.fromkeys(owners) if by_profile else owners):
            moment += timedelta(milliseconds=1)
            rows.append((_key(profile), values[place % len(values)], moment, None))
        yield rows


def _key(profile: str) -> EntityKey:
    return EntityKey(join_keys=["user_id"], entity_values=[Value(string_val=profile)])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
