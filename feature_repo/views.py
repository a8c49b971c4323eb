"""The feature views of this installation."""

from attune.features.engagement import Engagement
from attune.features.feature_set import FeatureSet
from attune.features.interest import LastCategories
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from attune.features.view import FeatureView
from attune.features.windows import WindowCounts

USER_FEATURES = FeatureSet(
    (
        FeatureView(
            "activity",
            "What the visitor lately did, in windows that end now",
            (
                WindowCounts("views", "viewed"),
                WindowCounts("carts", "added"),
                WindowCounts("purchases", "purchased"),
            ),
        ),
        FeatureView("session", "The visit that is going on", (Sessions(),)),
        FeatureView("engagement", "How engaged the visitor is", (Engagement(),)),
        FeatureView("purchases", "Recency, frequency and monetary value", (Purchases(),)),
        FeatureView("interest", "What the visitor looks at", (LastCategories(),)),
    )
)
