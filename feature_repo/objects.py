"""Feast's objects, built from the feature views: nothing is declared twice.

Of each view `user_activity` Feast sees two:

* `user_activity_state`, a plain view with one BYTES feature: the state that the online store
  holds and that training's archive gives at every event;
* `user_activity`, an on-demand view that reads the state at `now` (request data).

So `get_online_features` and `get_historical_features` give the values that Attune serves, at any
instant.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import feast
from feast.data_source import DataSource
from feast.repo_contents import RepoContents
from feast.types import Array, Bytes, Float64, Int64, String
from feast.types import FeastType as Type

from attune.adapters.feast import state_view
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.view import Entity, FeatureView
from feature_repo.on_demand import NOW, READS, source_of

ALL_FEATURES = "user_features"
"""Feature service of every field."""

MODEL_INPUTS = "model_inputs"
"""Feature service of the numbers that models are given, in this order."""

EVENT_TIME = "event_timestamp"
CREATED_TIME = "created"
"""Columns of the state history, in microseconds; `created` breaks ties and is unique."""

_TYPES: dict[str, Type] = {"int64": Int64, "float64": Float64, "string_list": Array(String)}


def offline_path(data: Path, view: FeatureView) -> Path:
    """Return where the state history of a view lies; absolute, because Feast changes directory."""
    return (data / "offline" / f"{view.full_name}.parquet").resolve()


def model_inputs(features: FeatureSet) -> tuple[Field, ...]:
    """Return the fields that are numbers, in the order in which models take them."""
    return tuple(field for field in features.fields if field.type in ("int64", "float64"))


def repo_contents(features: FeatureSet, project: str, data: Path) -> RepoContents:
    """Return everything that `feast apply` registers."""
    entities = {view.entity: _entity(view.entity) for view in features.views}
    now = feast.RequestSource(
        name="moment",
        schema=[feast.Field(name=NOW, dtype=Int64)],
        description="The moment to evaluate at, in milliseconds since 1970",
    )
    states = [
        _state(view, entities[view.entity], offline_path(data, view)) for view in features.views
    ]
    on_demand = {
        view.full_name: _on_demand_view(view, state.view, now)
        for view, state in zip(features.views, states, strict=True)
    }
    return RepoContents(
        projects=[feast.Project(name=project, description="Attune")],
        data_sources=[now, *(source for state in states for source in state.sources)],
        feature_views=[state.view for state in states],
        on_demand_feature_views=list(on_demand.values()),
        stream_feature_views=[],
        label_views=[],
        entities=list(entities.values()),
        feature_services=list(_services(features, on_demand)),
        permissions=[],
    )


class _State(NamedTuple):
    view: feast.FeatureView
    sources: tuple[DataSource, ...]


def _entity(entity: Entity) -> feast.Entity:
    return feast.Entity(
        name=entity.name,
        join_keys=[entity.join_key],
        value_type=feast.ValueType.STRING,
        description=entity.description,
    )


def _state(view: FeatureView, entity: feast.Entity, history: Path) -> _State:
    name = state_view(view.full_name)
    batch = feast.FileSource(
        name=f"{name}_history",
        path=str(history),
        timestamp_field=EVENT_TIME,
        created_timestamp_column=CREATED_TIME,
        description=f"Every state of {view.full_name}, written by `attune train`",
    )
    push = feast.PushSource(name=f"{name}_push", batch_source=batch)
    state = feast.FeatureView(
        name=name,
        entities=[entity],
        ttl=timedelta(0),  # a state does not expire: what is old falls out of its windows
        schema=[
            feast.Field(name=view.entity.join_key, dtype=String),
            # Named like the view: joined views must not share a column (Feast then refuses).
            feast.Field(name=name, dtype=Bytes, description=f"State of {view.full_name}"),
        ],
        source=push,
        online=True,
        description=f"State behind {view.full_name}: {view.description}",
        tags={"state_version": str(view.version)},
    )
    return _State(state, (batch, push))


def _on_demand_view(
    view: FeatureView, state: feast.FeatureView, now: feast.RequestSource
) -> feast.OnDemandFeatureView:
    function: Any = READS[view.full_name]  # Feast wants FunctionType, which no `def` has for mypy
    return feast.OnDemandFeatureView(
        name=view.full_name,
        # Feast 0.67 compares declared with inferred fields including descriptions, and infers
        # none: they stand in the tags of the view instead, which survive.
        schema=[feast.Field(name=field.name, dtype=_TYPES[field.type]) for field in view.fields],
        sources=[state, now],
        mode="python",
        udf=function,
        udf_string=source_of(view.full_name),
        description=view.description,
        tags={field.name: _described(field) for field in view.fields},
    )


def _described(field: Field) -> str:
    return f"{field.description} ({field.unit})" if field.unit else field.description


def _services(
    features: FeatureSet, on_demand: Mapping[str, feast.OnDemandFeatureView]
) -> Iterable[feast.FeatureService]:
    yield feast.FeatureService(
        name=ALL_FEATURES,
        features=list(on_demand.values()),
        description="Everything known about a user, at `now`",
    )
    wanted = {field.name for field in model_inputs(features)}
    chosen = (
        (on_demand[view.full_name], [f.name for f in view.fields if f.name in wanted])
        for view in features.views
    )
    yield feast.FeatureService(
        name=MODEL_INPUTS,
        features=[view[names] for view, names in chosen if names],
        description="The numbers that models are given",
    )
