"""An ordinary Feast view for tests, of every type that is answered, and where it is declared."""

from datetime import timedelta

from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import STORED_TYPES, PlainView
from attune.features.view import USER
from feature_repo.views import FEATURES, USER_FEATURES

CREDIT = PlainView(
    "user_credit",
    "What the bank knows of a customer, each night",
    USER,
    (
        Field("credit_limit", "float64", "What they may owe", "currency"),
        Field("credit_score", "int64", "What an agency thinks of them"),
        *(Field(f"credit_{kind}", kind, f"Of type {kind}") for kind in STORED_TYPES),
    ),
    source="credit.parquet",
    ttl=timedelta(days=2),
    created="created",
)

WITH_CREDIT = (FeatureSet(USER_FEATURES.views, plain=(CREDIT,)), *FEATURES[1:])
"""The features of this installation, and the view beside them."""
