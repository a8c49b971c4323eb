"""Ordinary Feast views as Feast's own objects: a Parquet file, and what is in it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import feast
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp
from feast.types import FeastType as Type

from attune.errors import ConfigurationError
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView

_SCALARS: Mapping[str, Type] = {
    "int32": Int32,
    "int64": Int64,
    "float32": Float32,
    "float64": Float64,
    "bool": Bool,
    "string": String,
    "bytes": Bytes,
    "timestamp": UnixTimestamp,
}


class Made(NamedTuple):
    """The two objects of a view."""

    source: feast.FileSource
    view: feast.FeatureView


def feast_type(field: Field) -> Type:
    """Return Feast's type of a field."""
    element = _SCALARS[field.type.removesuffix("_list")]
    return Array(element) if field.type.endswith("_list") else element


def described(field: Field) -> str:
    """Return what a field means, with its unit."""
    return f"{field.description} ({field.unit})" if field.unit else field.description


def feast_view(view: PlainView, entity: feast.Entity, data: Path) -> Made:
    """Return an ordinary view; a source that is no address is a file below `data`."""
    source = feast.FileSource(
        name=f"{view.name}_source",
        path=_place(view, data),
        timestamp_field=view.time,
        created_timestamp_column=view.created,
        description=f"Rows of {view.name}, which a job outside of Attune writes",
    )
    made = feast.FeatureView(
        name=view.name,
        entities=[entity],
        ttl=view.ttl,
        schema=[
            feast.Field(name=view.entity.join_key, dtype=String),
            *(
                feast.Field(name=f.name, dtype=feast_type(f), description=described(f))
                for f in view.fields
            ),
        ],
        source=source,
        online=True,
        description=view.description,
    )
    return Made(source, made)


def require_sources(every: Iterable[FeatureSet], data: Path) -> None:
    """Refuse to join what is not there; Feast would say so in a hundred lines.

    Raises:
        ConfigurationError: the file of an ordinary view does not exist.
    """
    for view in (view for features in every for view in features.plain):
        place = _place(view, data)
        if "://" not in place and not Path(place).exists():
            raise ConfigurationError(
                f"{view.name}: there is no {place}; run the job that writes it, or take the view "
                "out of feature_repo/plain.py"
            )


def _place(view: PlainView, data: Path) -> str:
    return view.source if "://" in view.source else str((data / view.source).resolve())
