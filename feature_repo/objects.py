"""Feast's objects, built from the feature views: nothing is declared twice.

Of the entity `user` with a view `activity` Feast sees:

* `user_state`, a plain view with one BYTES feature for each of our views: the states that the
  online store holds and that training's archive gives at every event;
* `user_activity`, an on-demand view that reads one of them at `now` (request data).

So `get_online_features` and `get_historical_features` give the values that Attune serves, at any
instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import feast
from feast.data_source import DataSource
from feast.repo_contents import RepoContents
from feast.types import Bytes, Int64, String

import feature_repo.unmetered  # noqa: F401 - see there
from attune.adapters.feast import state_feature, state_view
from attune.features.feature_set import FeatureSet
from attune.features.view import Entity, FeatureView
from feature_repo.known import tags_of
from feature_repo.on_demand import NOW, READS, source_of
from feature_repo.ranked import ranked_services, ranked_views
from feature_repo.services import services_of
from feature_repo.stored import Made, described, feast_type, feast_view

EVENT_TIME = "event_timestamp"
CREATED_TIME = "created"
"""Columns of the state history, in microseconds; `created` breaks ties and is unique."""


def offline_path(data: Path, entity: Entity) -> Path:
    """Return where the states of an entity lie; absolute, because Feast changes directory."""
    return (data / "offline" / f"{state_view(entity)}.parquet").resolve()


def repo_contents(every: Sequence[FeatureSet], project: str, data: Path) -> RepoContents:
    """Return everything that `feast apply` registers."""
    now = feast.RequestSource(
        name="moment",
        schema=[feast.Field(name=NOW, dtype=Int64)],
        description="The moment to evaluate at, in milliseconds since 1970",
    )
    states = [_state(features, data) for features in every]
    on_demand = [
        {view.name: _on_demand_view(view, state.view, now) for view in features.views}
        for features, state in zip(every, states, strict=True)
    ]
    plain = [
        [feast_view(view, state.entity, data) for view in features.plain]
        for features, state in zip(every, states, strict=True)
    ]
    services = [_services(*made) for made in zip(every, on_demand, plain, strict=True)]
    stored = list(chain.from_iterable(plain))
    ranked = ranked_views(every, {state.entity.name: state.view for state in states}, now)
    return RepoContents(
        projects=[feast.Project(name=project, description="Attune")],
        data_sources=[
            now,
            *(source for state in states for source in state.sources),
            *(each.source for each in stored),
        ],
        feature_views=[*(state.view for state in states), *(each.view for each in stored)],
        on_demand_feature_views=[*(v for views in on_demand for v in views.values()), *ranked],
        stream_feature_views=[],
        label_views=[],
        entities=[state.entity for state in states],
        feature_services=[*chain.from_iterable(services), *ranked_services(ranked)],
        permissions=[],
    )


class _State(NamedTuple):
    entity: feast.Entity
    view: feast.FeatureView
    sources: tuple[DataSource, ...]


def _entity(entity: Entity) -> feast.Entity:
    return feast.Entity(
        name=entity.name,
        join_keys=[entity.join_key],
        value_type=feast.ValueType.STRING,
        description=entity.description,
    )


def _state(features: FeatureSet, data: Path) -> _State:
    entity = _entity(features.entity)
    name = state_view(features.entity)
    batch = feast.FileSource(
        name=f"{name}_history",
        path=str(offline_path(data, features.entity)),
        timestamp_field=EVENT_TIME,
        created_timestamp_column=CREATED_TIME,
        description=f"Every state of every {features.entity.name}, written by `attune train`",
    )
    push = feast.PushSource(name=f"{name}_push", batch_source=batch)
    state = feast.FeatureView(
        name=name,
        entities=[entity],
        ttl=timedelta(0),  # a state does not expire: what is old falls out of its windows
        schema=[
            feast.Field(name=features.entity.join_key, dtype=String),
            *(
                feast.Field(
                    name=state_feature(view),
                    dtype=Bytes,
                    description=f"State behind {view.full_name}: {view.description}",
                )
                for view in features.views
            ),
        ],
        source=push,
        # Our consumers write it. Feast reads it all the same, but `feast materialize` leaves it
        # alone: an old state over a new one, or one without its ledger, would count events twice.
        online=False,
        description=f"States of each {features.entity.name}: {features.entity.description}",
        tags=tags_of(features),
    )
    return _State(entity, state, (batch, push))


def _on_demand_view(
    view: FeatureView, state: feast.FeatureView, now: feast.RequestSource
) -> feast.OnDemandFeatureView:
    function: Any = READS[view.full_name]  # Feast wants FunctionType, which no `def` has for mypy
    return feast.OnDemandFeatureView(
        name=view.full_name,
        # Feast 0.67 compares declared with inferred fields including descriptions, and infers
        # none: they stand in the tags of the view instead, which survive.
        schema=[feast.Field(name=field.name, dtype=feast_type(field)) for field in view.fields],
        sources=[state[[state_feature(view)]], now],
        mode="python",
        udf=function,
        udf_string=source_of(view.full_name),
        description=view.description,
        tags={field.name: described(field) for field in view.fields},
    )


def _services(
    features: FeatureSet,
    on_demand: Mapping[str, feast.OnDemandFeatureView],
    plain: Sequence[Made],
) -> Iterable[feast.FeatureService]:
    stored = {made.view.name: made.view for made in plain}
    for service in services_of(features):
        chosen: list[Any] = []
        for view, fields in service.chosen:
            made: Any = on_demand[view.name] if isinstance(view, FeatureView) else stored[view.name]
            whole = len(fields) == len(view.fields)
            chosen.append(made if whole else made[[field.name for field in fields]])
        yield feast.FeatureService(
            name=service.name, features=chosen, description=service.description
        )
