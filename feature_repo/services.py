"""The feature services of this installation: what programs ask for, under a name.

Feast has each under the same name, and `attune.adapters.reader.ServiceReader` reads it fast.
"""

from dataclasses import replace

from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.service import FeatureService
from attune.features.view import USER, Entity
from feature_repo.views import USER_FEATURES

MODEL_INPUTS = "model_inputs"
"""Of the numbers that models are given, in this order."""

SHOP_PAGE = FeatureService(
    "shop_page",
    "What a page of a shop asks for: what a visitor lately did, bought and looks at",
    USER_FEATURES,
    {"activity": (), "purchases": (), "interest": ()},
)

OWN: tuple[FeatureService, ...] = (SHOP_PAGE,)
"""Add one here."""

_NUMBERS = frozenset({"int32", "int64", "float32", "float64", "bool"})


def service_of(entity: Entity) -> str:
    """Return the name of the feature service of every field of an entity: `user_features`."""
    return f"{entity.name}_features"


def model_inputs(features: FeatureSet) -> tuple[Field, ...]:
    """Return the fields that are numbers, in the order in which models take them."""
    return tuple(field for field in features.fields if field.type in _NUMBERS)


def services_of(features: FeatureSet) -> tuple[FeatureService, ...]:
    """Return the services of an entity: of all its fields, of models if of users, and our own."""
    entity = features.entity
    everything = FeatureService(
        service_of(entity), f"Everything known about a {entity.name}, at `now`", features
    )
    own = tuple(
        replace(service, features=features) for service in OWN if service.features.entity == entity
    )
    if entity != USER:
        return (everything, *own)
    wanted = {field.name for field in model_inputs(features)}
    numbers = {
        view.name: tuple(field.name for field in view.fields if field.name in wanted)
        for view in features.all_views
    }
    models = FeatureService(
        MODEL_INPUTS,
        "The numbers that models are given",
        features,
        {view: names for view, names in numbers.items() if names},
    )
    return (everything, models, *own)
