"""Names and types: what can be told without running a feature."""

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attune.features.check.complaint import Complaint
from attune.features.feature import ACTS, OWN_TYPES, Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import STORED_TYPES, PlainView
from attune.features.spelling import camel
from attune.features.view import EVERY, USER, Entity, FeatureView

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_VERSIONED = re.compile(r".*_v\d+")

RESERVED: Mapping[str, str] = {
    "asOf": "the time of the latest event",
    "status": "whether a stored value is there",
}
"""Fields that every view has in GraphQL."""

OF_USER: Mapping[str, str] = {
    "id": "the profile's id",
    "traits": "what identify calls said",
    "segment": "the primary segment",
    "segments": "the list of segments",
}
"""Names that rules have beside a user's features, all behind `user.`."""

TAKEN = frozenset(
    {"basis", "block", "exposures", "model", "operand", "prediction", "profile", "query", "segment"}
)
"""Entities may not be named like other types and root fields of GraphQL."""


def check_names(every: Sequence[FeatureSet]) -> Iterator[Complaint]:
    """Yield what is wrong with entities, names, types and versions."""
    entities = Counter(features.entity.name for features in every)
    for name, count in entities.items():
        if count > 1:
            yield Complaint(name, "is in two feature sets", str(count), "put its views into one")
    for features in every:
        yield from _entity(features.entity)
        for view in features.views:
            yield from _view(view)
        for plain in features.plain:
            yield from _named(plain)
        for place, fields, types in _fields(features):
            for field in fields:
                yield from _field(f"{place}.{field.name}", field, features.entity, types)
        yield from _alike(features)
    yield from _in_feast(every)


def _fields(features: FeatureSet) -> Iterator[tuple[str, Sequence[Field], Sequence[str]]]:
    """Yield the fields of each view, and the types that they may have."""
    for view in features.views:
        yield view.full_name, view.fields, OWN_TYPES
    for plain in features.plain:
        yield plain.full_name, plain.fields, STORED_TYPES
    for rank in features.ranks:
        yield f"{features.entity.name}_{rank.name}", rank.fields, OWN_TYPES


def _entity(entity: Entity) -> Iterator[Complaint]:
    place = f"entity {entity.name}"
    if not _is_snake(entity.name) or entity.name in TAKEN:
        yield Complaint(
            place, "cannot be the name of an entity", entity.name, "choose another in snake_case"
        )
    if entity != USER and (entity.of_profiles or entity.name == USER.name):
        yield Complaint(
            place,
            "is an unknown entity type: no event says that it is about one",
            entity.join_key,
            "use USER, ITEM or SESSION, or give it `slices`, which finds it in an event",
        )


def _view(view: FeatureView) -> Iterator[Complaint]:
    yield from _named(view)
    place = view.full_name
    if view.name == "state" or _VERSIONED.fullmatch(view.name):
        yield Complaint(
            place,
            "is a name that Feast's views of states have",
            view.name,
            "choose another; a version is not part of the name",
        )
    for feature in view.features:
        if unknown := sorted(feature.acts - ACTS):
            yield Complaint(
                f"{place}, {type(feature).__name__}",
                "asks for events that there are not",
                ", ".join(unknown),
                f"the acts are {', '.join(sorted(ACTS))}",
            )
    for name in sorted(view.deprecated.keys() - {*view.names, EVERY}):
        yield Complaint(
            place, "deprecates a field that it does not have", name, "name one that it has, or `*`"
        )


def _named(view: FeatureView | PlainView) -> Iterator[Complaint]:
    place = view.full_name
    if not _is_snake(view.name) or keyword.iskeyword(view.name):
        yield Complaint(place, "is no name for a view", view.name, "write it in snake_case")
    if not view.description:
        yield Complaint(place, "has no description", "", "say in one sentence what it is about")


def _in_feast(every: Sequence[FeatureSet]) -> Iterator[Complaint]:
    """Yield ordinary views that have the name of another view of the project."""
    taken = {view.full_name for features in every for view in features.views}
    taken |= {f"{features.entity.name}_state" for features in every}
    taken |= {
        f"{features.entity.name}_{rank.name}" for features in every for rank in features.ranks
    }
    for plain in (plain for features in every for plain in features.plain):
        if plain.name in taken:
            yield Complaint(
                plain.name, "is the name of another view in Feast", plain.name, "rename it"
            )
        taken.add(plain.name)


def _field(place: str, field: Field, entity: Entity, types: Sequence[str]) -> Iterator[Complaint]:
    if not _is_snake(field.name) or keyword.iskeyword(field.name):
        yield Complaint(place, "is no name for a field", field.name, "write it in snake_case")
    if field.type not in types:
        yield Complaint(place, "is of an unknown type", field.type, f"use {', '.join(types)}")
    if not field.description:
        yield Complaint(place, "has no description", "", "say what it means; units go to `unit`")
    spoken = camel(field.name)
    meaning = RESERVED.get(spoken) or (OF_USER.get(spoken) if entity == USER else None)
    if meaning:
        yield Complaint(place, f"is a name that is taken by {meaning}", spoken, "rename it")


def _alike(features: FeatureSet) -> Iterator[Complaint]:
    """Yield names that differ here and are one in GraphQL and rules: `views_1h`, `views1h`."""
    of_views = [(view.name, view.full_name) for view in features.all_views]
    of_views += [(rank.name, f"{features.entity.name}_{rank.name}") for rank in features.ranks]
    of_fields = [
        (field.name, f"{place}.{field.name}")
        for place, fields, _ in _fields(features)
        for field in fields
    ]
    for named in (of_views, of_fields):
        yield from _same(named)


def _same(named: Iterable[tuple[str, str]]) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    for name, place in named:
        other = seen.setdefault(camel(name), place)
        if other != place:
            yield Complaint(
                place, f"is one name with {other} in GraphQL and in rules", camel(name), "rename it"
            )


def _is_snake(name: str) -> bool:
    return _SNAKE.fullmatch(name) is not None
