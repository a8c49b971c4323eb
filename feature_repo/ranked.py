"""Feast's objects for what is read from the states of two entities: a user's and the population's.

Whoever asks for `user_ranks` gives both join keys: `user_id`, and `population_id` = `customers`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import feast

from attune.adapters.feast import state_feature
from attune.features.feature_set import FeatureSet
from attune.features.ranks import Rfm
from feature_repo.on_demand import READS, rank_view, source_of
from feature_repo.stored import described, feast_type
from feature_repo.views import POPULATION_FEATURES


def ranked_views(
    every: Sequence[FeatureSet],
    states: Mapping[str, feast.FeatureView],
    now: feast.RequestSource,
) -> list[feast.OnDemandFeatureView]:
    """Return an on-demand view for each; `states` are the views that hold states, by entity."""
    return [
        _view(features, rank, states, now)
        for features in every
        for rank in features.ranks
        if POPULATION_FEATURES.entity.name in states
    ]


def ranked_services(views: Sequence[feast.OnDemandFeatureView]) -> list[feast.FeatureService]:
    """Return a service for each, because it wants another join key than the rest."""
    return [
        feast.FeatureService(name=view.name, features=[view], description=view.description)
        for view in views
    ]


def _view(
    features: FeatureSet,
    rank: Rfm,
    states: Mapping[str, feast.FeatureView],
    now: feast.RequestSource,
) -> feast.OnDemandFeatureView:
    name = rank_view(features.entity, rank)
    function: Any = READS[name]  # Feast wants FunctionType, which no `def` has for mypy
    own = state_feature(features.by_name[rank.own])
    among = state_feature(POPULATION_FEATURES.by_name[rank.among])
    return feast.OnDemandFeatureView(
        name=name,
        schema=[feast.Field(name=field.name, dtype=feast_type(field)) for field in rank.fields],
        sources=[
            states[features.entity.name][[own]],
            states[POPULATION_FEATURES.entity.name][[among]],
            now,
        ],
        mode="python",
        udf=function,
        udf_string=source_of(name),
        description=rank.description,
        tags={field.name: described(field) for field in rank.fields},
    )
