"""Stop 3 in GraphQL: a type for each feature view, made from its declaration."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

import strawberry
from strawberry.scalars import Base64

from api.reading import Reading
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView, Status
from attune.features.ranks import Rfm
from attune.features.spelling import pascal
from attune.features.view import Entity, FeatureView

Int64 = NewType("Int64", int)
SCALARS: Mapping[object, Any] = {
    Int64: strawberry.scalar(
        name="Int64",
        description="A whole number of up to 64 bits; JavaScript is exact up to 2^53.",
        serialize=int,
    )
}
"""GraphQL's own `Int` ends at 2^31. Counts that are streamed stay below; what others store may
not."""

_SCALARS: Mapping[str, Any] = {
    "int32": int,
    "int64": Int64,
    "float32": float,
    "float64": float,
    "bool": bool,
    "string": str,
    "bytes": Base64,
    "timestamp": datetime,
}


def _annotation(field: Field, *, streamed: bool) -> Any:  # noqa: ANN401 - a type
    element: Any = _SCALARS[field.type.removesuffix("_list")]
    if streamed and element is Int64:
        element = int
    return (list[element] if field.type.endswith("_list") else element) | None


FeatureStatus = strawberry.enum(
    Status, name="FeatureStatus", description="What became of values that a job stored."
)

_SPOKEN = {"user": "visitor"}
"""What an entity is called in descriptions, where that is not its name."""


@dataclass(frozen=True, slots=True)
class FeatureTypes:
    """The GraphQL type of an entity's features, and how what is read becomes one."""

    type: type
    of: Callable[[Reading], Any]


class _Features:
    """The views of a reading as attributes, each had when it is asked for."""

    __slots__ = ("_views",)

    def __init__(self, reading: Reading) -> None:
        self._views = reading.views


def _features_of(names: Iterable[str]) -> type[_Features]:
    """Return the class that has these views."""

    def view(name: str) -> property:
        return property(lambda self: self._views.named(name))

    return type(
        "_Features", (_Features,), {"__slots__": (), **{name: view(name) for name in names}}
    )


def feature_types(features: FeatureSet) -> FeatureTypes:
    """Return the types of an entity's feature views."""
    entity = features.entity
    views = {view.name: _view_type(view) for view in features.views}
    stored = {view.name: _stored_type(view) for view in features.plain}
    ranked = {rank.name: _ranked_type(features.entity, rank) for rank in features.ranks}
    whole = _type(
        f"{pascal(entity.name)}Features",
        f"Features of the {_SPOKEN.get(entity.name, entity.name)}, by feature view, evaluated at "
        "the moment of the answer.",
        {
            view.name: (
                {**views, **stored}[view.name],
                strawberry.field(
                    description=view.description, deprecation_reason=_gone(view) or None
                ),
            )
            for view in features.all_views
        }
        | {
            rank.name: (ranked[rank.name], strawberry.field(description=rank.description))
            for rank in features.ranks
        },
    )

    names = [each.name for each in (*features.all_views, *features.ranks)]
    return FeatureTypes(whole, _features_of(names))


def _view_type(view: FeatureView) -> type:
    as_of = strawberry.field(description="Time of the latest event in it; null if there was none.")
    fields = {f.name: (_annotation(f, streamed=True), _described(f)) for f in view.fields}
    name = f"{pascal(view.full_name)}Features"
    return _type(name, view.description, {"as_of": (datetime | None, as_of), **fields})


def _ranked_type(entity: Entity, rank: Rfm) -> type:
    fields = {f.name: (_annotation(f, streamed=True), _described(f)) for f in rank.fields}
    return _type(f"{pascal(entity.name)}{pascal(rank.name)}Features", rank.description, fields)


def _stored_type(view: PlainView) -> type:
    as_of = strawberry.field(description="Time of the row it comes from; null if there is none.")
    status = strawberry.field(description="Whether there is something; all is null if not.")
    fields = {f.name: (_annotation(f, streamed=False), _described(f)) for f in view.fields}
    return _type(
        f"{pascal(view.entity.name)}{pascal(view.name)}Features",
        view.description,
        {"as_of": (datetime | None, as_of), "status": (FeatureStatus, status), **fields},
    )


def _type(name: str, description: str, fields: Mapping[str, tuple[Any, Any]]) -> type:
    annotations = {field: annotation for field, (annotation, _) in fields.items()}
    told = {field: default for field, (_, default) in fields.items()}
    # Not by `make_dataclass`: strawberry then makes the fields anew, without descriptions.
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **told})
    return strawberry.type(made, name=name, description=description)


def _described(field: Field) -> Any:  # noqa: ANN401 - as strawberry types it
    unit = f" [{field.unit}]" if field.unit else ""
    return strawberry.field(
        description=f"{field.description}{unit}.", deprecation_reason=field.deprecated or None
    )


def _gone(view: FeatureView | PlainView) -> str:
    """Return why a whole view is deprecated, if all its fields are for one reason."""
    reasons = {field.deprecated for field in view.fields}
    return reasons.pop() if len(reasons) == 1 else ""
