"""Feast's side of `read`: the thirty values as plain views, read by its SDK."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feast
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import DoubleList, StringList, Value
from feast.repo_config import RepoConfig
from feast.types import String

from attune.features.service import FeatureService
from attune.settings import Settings
from feature_repo.apply import environment
from feature_repo.stored import feast_type

Values = Mapping[str, Any]


class Feast:
    """A store of its own, in a project of its own on the same Redis; the values lie there."""

    def __init__(
        self, settings: Settings, directory: Path, service: FeatureService, rows: dict[str, Values]
    ) -> None:
        entity = service.features.entity
        self._join_key = entity.join_key
        user = feast.Entity(
            name=entity.name,
            join_keys=[entity.join_key],
            value_type=feast.ValueType.STRING,
        )
        self._views = [
            feast.FeatureView(
                name=f"plain_{view.name}",
                entities=[user],
                schema=[
                    feast.Field(name=entity.join_key, dtype=String),
                    *(feast.Field(name=f.name, dtype=feast_type(f)) for f in fields),
                ],
                source=feast.FileSource(
                    name=view.name,
                    path=str(directory / "unused.parquet"),
                    timestamp_field="event_timestamp",
                ),
            )
            for view, fields in service.chosen
        ]
        self._service = feast.FeatureService(name="thirty", features=self._views)
        self._store = feast.FeatureStore(config=config(settings, directory))
        self._store.apply([user, *self._views, self._service])
        provider, own = self._store._get_provider(), self._store.config  # noqa: SLF001 - nothing else takes values as they are
        for view, (_, fields) in zip(self._views, service.chosen, strict=True):
            names = [field.name for field in fields]
            kept = [
                (
                    EntityKey(join_keys=[self._join_key], entity_values=[Value(string_val=each)]),
                    {name: _value(values[name]) for name in names},
                    datetime.now(UTC),
                    None,
                )
                for each, values in rows.items()
            ]
            provider.online_write_batch(own, view, kept, None)
        self._found = self._store.get_feature_service("thirty")

    async def read(self, ids: Sequence[str]) -> dict[str, list[Any]]:
        """Return the values of each, by field."""
        rows = [{self._join_key: each} for each in ids]
        found = await self._store.get_online_features_async(features=self._found, entity_rows=rows)
        answer: dict[str, list[Any]] = found.to_dict()
        return answer


def config(settings: Settings, directory: Path) -> RepoConfig:
    """Return how its store is found, whose registry lies in a directory."""
    return RepoConfig(
        project=f"plain{settings.project}x",
        provider="local",
        registry=str(directory / "registry.db"),
        online_store={
            "type": "redis",
            "connection_string": environment(settings)["ATTUNE_FEAST_REDIS"],
        },
        entity_key_serialization_version=3,
    )


def _value(value: object) -> Value:
    match value:
        case None:
            return Value()
        case int():
            return Value(int64_val=value)
        case float():
            return Value(double_val=value)
        case str():
            return Value(string_val=value)
        case [str(), *_]:
            return Value(string_list_val=StringList(val=value))
        case _:
            return Value(double_list_val=DoubleList(val=value))
