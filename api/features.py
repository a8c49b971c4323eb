"""Stop 3 in GraphQL: a type for each feature view, made from its declaration."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from api.visitor import Visitor
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView

_TYPES: Mapping[str, Any] = {
    "int64": int | None,
    "float64": float | None,
    "string": str | None,
    "string_list": list[str] | None,
    "float64_list": list[float] | None,
}


@dataclasses.dataclass(frozen=True, slots=True)
class FeatureTypes:
    """The GraphQL type `Features`, and how a visitor becomes one."""

    type: type
    of: Callable[[Visitor], Any]


def feature_types(features: FeatureSet) -> FeatureTypes:
    """Return the types of an installation's feature views."""
    views = {view.name: _view_type(view) for view in features.views}
    whole = _type(
        "UserFeatures",
        "Features of the visitor, by feature view, evaluated at the moment of the answer.",
        {
            view.name: (views[view.name], strawberry.field(description=view.description))
            for view in features.views
        },
    )

    def of(visitor: Visitor) -> Any:  # noqa: ANN401 - a type made at run time
        return whole(
            **{
                name: views[name](as_of=_as_of(visitor, name), **values)
                for name, values in visitor.values.items()
            }
        )

    return FeatureTypes(whole, of)


def _view_type(view: FeatureView) -> type:
    as_of = strawberry.field(description="Time of the latest event in it; null if there was none.")
    fields = {field.name: (_TYPES[field.type], _described(field)) for field in view.fields}
    name = "".join(part.capitalize() for part in view.full_name.split("_"))
    return _type(f"{name}Features", view.description, {"as_of": (datetime | None, as_of), **fields})


def _type(name: str, description: str, fields: Mapping[str, tuple[Any, Any]]) -> type:
    made = dataclasses.make_dataclass(
        name, [(field, annotation, default) for field, (annotation, default) in fields.items()]
    )
    return strawberry.type(made, name=name, description=description)


def _described(field: Field) -> Any:  # noqa: ANN401 - as strawberry types it
    unit = f" [{field.unit}]" if field.unit else ""
    return strawberry.field(description=f"{field.description}{unit}.")


def _as_of(visitor: Visitor, name: str) -> datetime | None:
    newest = visitor.profile.folded.newest(visitor.features.by_name[name].state_name)
    return datetime.fromtimestamp(newest / 1000, UTC) if newest else None
