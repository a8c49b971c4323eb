"""A feature service names views and fields that are there, in the order of the entity's views."""

import pytest

from attune.errors import ConfigurationError
from attune.features.service import FeatureService
from feature_repo.views import USER_FEATURES


def test_without_views_it_is_everything() -> None:
    service = FeatureService("all", "", USER_FEATURES)

    assert [view.name for view, _ in service.chosen] == [v.name for v in USER_FEATURES.all_views]
    assert [f for _, fields in service.chosen for f in fields] == list(USER_FEATURES.fields)


def test_it_has_the_fields_it_names() -> None:
    service = FeatureService(
        "some", "", USER_FEATURES, {"purchases": ("frequency",), "activity": ()}
    )

    (activity, whole), (purchases, some) = service.chosen
    assert (activity.name, whole) == ("activity", activity.fields)
    assert (purchases.name, [field.name for field in some]) == ("purchases", ["frequency"])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"activty": ()}, "a view that is not there, 'activty': choose of activity, session"),
        ({"purchases": ("rfm",)}, "a field of purchases that is not there, 'rfm': choose of rec"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    fields: dict[str, tuple[str, ...]], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"feature service some names {says}"):
        FeatureService("some", "", USER_FEATURES, fields)
