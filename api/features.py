"""Stop 3 in GraphQL: a type for each feature view, made from its declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import strawberry

from api.reading import Reading
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.spelling import pascal
from attune.features.view import FeatureView

_TYPES: Mapping[str, Any] = {
    "int64": int | None,
    "float64": float | None,
    "bool": bool | None,
    "string": str | None,
    "string_list": list[str] | None,
    "float64_list": list[float] | None,
}


_SPOKEN = {"user": "visitor"}
"""What an entity is called in descriptions, where that is not its name."""


@dataclass(frozen=True, slots=True)
class FeatureTypes:
    """The GraphQL type of an entity's features, and how what is read becomes one."""

    type: type
    of: Callable[[Reading], Any]


def feature_types(features: FeatureSet) -> FeatureTypes:
    """Return the types of an entity's feature views."""
    entity = features.entity
    views = {view.name: _view_type(view) for view in features.views}
    whole = _type(
        f"{pascal(entity.name)}Features",
        f"Features of the {_SPOKEN.get(entity.name, entity.name)}, by feature view, evaluated at "
        "the moment of the answer.",
        {
            view.name: (views[view.name], strawberry.field(description=view.description))
            for view in features.views
        },
    )

    def of(reading: Reading) -> Any:  # noqa: ANN401 - a type made at run time
        return whole(
            **{
                name: views[name](as_of=_as_of(reading, name), **values)
                for name, values in reading.values.items()
            }
        )

    return FeatureTypes(whole, of)


def _view_type(view: FeatureView) -> type:
    as_of = strawberry.field(description="Time of the latest event in it; null if there was none.")
    fields = {field.name: (_TYPES[field.type], _described(field)) for field in view.fields}
    name = f"{pascal(view.full_name)}Features"
    return _type(name, view.description, {"as_of": (datetime | None, as_of), **fields})


def _type(name: str, description: str, fields: Mapping[str, tuple[Any, Any]]) -> type:
    annotations = {field: annotation for field, (annotation, _) in fields.items()}
    told = {field: default for field, (_, default) in fields.items()}
    # Not by `make_dataclass`: strawberry then makes the fields anew, without descriptions.
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **told})
    return strawberry.type(made, name=name, description=description)


def _described(field: Field) -> Any:  # noqa: ANN401 - as strawberry types it
    unit = f" [{field.unit}]" if field.unit else ""
    return strawberry.field(description=f"{field.description}{unit}.")


def _as_of(reading: Reading, name: str) -> datetime | None:
    newest = reading.newest(name)
    return datetime.fromtimestamp(newest / 1000, UTC) if newest else None
