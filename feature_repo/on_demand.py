"""The functions behind the on-demand views: a stored state and a moment become values.

Feast's registry holds no code of ours, only `from feature_repo.on_demand import user_activity`;
so each function is found under its view's full name here, and every reader needs this package.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from attune.adapters.feast import state_feature
from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.features.ranks import Rfm
from attune.features.view import Entity, FeatureView, States
from feature_repo.views import FEATURES, POPULATION_FEATURES

NOW = "now"
"""Name of the request field: milliseconds since 1970, the moment to evaluate at."""

Columns: TypeAlias = dict[str, list[Value]]
Read: TypeAlias = Callable[[Mapping[str, Sequence[Any]]], Columns]

_FEAST_SAMPLE = b"hello world"
"""What Feast's `apply` calls a function with to infer types: a null tells it none."""

_SAMPLES: dict[str, Value] = {
    "int64": 0,
    "float64": 0.0,
    "bool": False,
    "string": "",
    "string_list": [""],
    "float64_list": [0.0],
}


def values(view: FeatureView, raw: bytes | None, now: int) -> dict[str, Value]:
    """Return the values of stored bytes at `now`; unreadable ones count as nothing known."""
    if raw == _FEAST_SAMPLE:
        return {field.name: _SAMPLES[field.type] for field in view.fields}
    return view.read(_states(view, raw), now)


def _states(view: FeatureView, raw: bytes | None) -> States:
    if raw is None:
        return view.empty()
    try:
        return view.decode(raw)
    except CorruptState:
        return view.empty()


def _reader(view: FeatureView) -> Read:
    column = state_feature(view)

    def read(inputs: Mapping[str, Sequence[Any]]) -> Columns:
        pairs = zip(inputs[column], inputs[NOW], strict=True)
        rows = [values(view, raw, now) for raw, now in pairs]
        return {field.name: [row[field.name] for row in rows] for field in view.fields}

    read.__name__ = read.__qualname__ = view.full_name
    return read


def _ranker(features: FeatureSet, rank: Rfm) -> Read:
    """Return the function of a view that is read from the states of two entities."""
    own, among = features.by_name[rank.own], POPULATION_FEATURES.by_name[rank.among]

    def read(inputs: Mapping[str, Sequence[Any]]) -> Columns:
        columns = (inputs[state_feature(own)], inputs[state_feature(among)], inputs[NOW])
        rows = [_ranks(rank, own, among, *states) for states in zip(*columns, strict=True)]
        return {field.name: [row[field.name] for row in rows] for field in rank.fields}

    read.__name__ = read.__qualname__ = rank_view(features.entity, rank)
    return read


def _ranks(  # noqa: PLR0913, PLR0917 - two views, their states, and when
    rank: Rfm,
    own: FeatureView,
    among: FeatureView,
    state: bytes | None,
    population: bytes | None,
    now: int,
) -> dict[str, Value]:
    if state == _FEAST_SAMPLE:
        return {field.name: _SAMPLES[field.type] for field in rank.fields}
    return rank.read(values(own, state, now), values(among, population, now))


def rank_view(entity: Entity, rank: Rfm) -> str:
    """Return the name in Feast of what is read from values of an entity and the population."""
    return f"{entity.name}_{rank.name}"


READS: Mapping[str, Read] = {
    **{view.full_name: _reader(view) for features in FEATURES for view in features.views},
    **{
        rank_view(features.entity, rank): _ranker(features, rank)
        for features in FEATURES
        for rank in features.ranks
    },
}
globals().update(READS)


def source_of(name: str) -> str:
    """Return the text that Feast keeps of a function: where to import it from."""
    return f"from {__name__} import {name}"
