"""The feature views of this installation: add a feature here, or a view of its own.

`attune features apply` checks what stands here and shows what it changes; `attune features new`
writes a class of your own to begin with, and its test.
"""

from attune.features.buyers import Buyers
from attune.features.cart import Cart
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.entities import ITEM, POPULATION, SESSION
from attune.features.feature import DAY, HOUR, MINUTE, VISIT_ACTS
from attune.features.feature_set import FeatureSet
from attune.features.hours import HourOfWeek
from attune.features.interest import Affinity, Latest
from attune.features.moments import FirstAndLast
from attune.features.names import BRAND, CATEGORY, VISITOR
from attune.features.names import ITEM as ITEMS
from attune.features.prices import PriceSensitivity
from attune.features.purchases import Purchases
from attune.features.ranks import Rfm
from attune.features.sessions import Sessions
from attune.features.shares import CHANNEL, DEVICE, Shares
from attune.features.ticks import Window
from attune.features.view import USER, FeatureView
from attune.features.visit import Visit
from attune.features.windows import Count, Decay, Ratio, Sum, Windows
from feature_repo.plain import plain_of

OTHERS = VISIT_ACTS - {"viewed", "added", "purchased"}

USER_FEATURES = FeatureSet(
    (
        FeatureView(
            "activity",
            "What the visitor lately did, in windows that end now",
            (
                Windows(
                    (
                        Count("views", "viewed"),
                        Count("carts", "added"),
                        Count("purchases", "purchased", "orders"),
                        Sum("spent", "purchased"),
                        Count("others", OTHERS),
                    ),
                    hidden=frozenset({"others"}),
                    decays=(
                        Decay(
                            "behavior_score",
                            {"views": 2, "carts": 6, "purchases": 12, "others": 1},
                            window="7d",
                            half_life=2 * DAY,
                            description="Engagement of the last week, halved every two days: "
                            "2 points a view, 6 a cart, 12 an order, 1 anything else; ten views "
                            "make 63, sixteen 80",
                            scale=20,
                            unit="0 to 100",
                        ),
                    ),
                ),
                Distinct(ITEMS),
            ),
        ),
        FeatureView("session", "The visit that is going on, and those before", (Sessions(),)),
        FeatureView("purchases", "Recency, frequency and monetary value", (Purchases(),)),
        FeatureView(
            "interest",
            "What the visitor looks at",
            (
                Affinity(CATEGORY),
                Affinity(BRAND, last=0, keep=16),
                Latest(ITEMS, keep=5),
                PriceSensitivity(),
            ),
        ),
        FeatureView("cart", "The cart that is open", (Cart(),)),
        FeatureView(
            "habits",
            "When, on what and from where they come",
            (HourOfWeek(), Shares(DEVICE), Shares(CHANNEL), FirstAndLast()),
        ),
    ),
    plain=plain_of(USER),
    ranks=(Rfm(),),
)

ITEM_FEATURES = FeatureSet(
    (
        FeatureView(
            "demand",
            "How much the product is wanted, in windows that end now",
            (
                Windows(
                    (
                        Count("views", "viewed"),
                        Count("carts", "added"),
                        Count("purchases", "purchased", "orders"),
                        Sum("revenue", "purchased"),
                    ),
                    windows=(
                        Window("1h", 5 * MINUTE, 12),
                        Window("24h", HOUR, 24),
                        Window("7d", 6 * HOUR, 28),
                    ),
                    decays=(
                        Decay(
                            "popularity",
                            {"views": 1, "carts": 4, "purchases": 10},
                            window="7d",
                            half_life=DAY,
                            description="Points of the last week that halve each day: 1 a view, "
                            "4 a cart, 10 an order",
                        ),
                    ),
                    ratios=(
                        Ratio(
                            "conversion_7d",
                            ("purchases", "7d"),
                            ("views", "7d"),
                            "Orders a view in the last 7d",
                        ),
                        Ratio(
                            "trend",
                            ("views", "1h"),
                            ("views", "24h"),
                            "Views in the last hour over an average hour of the last 24",
                            times=24,
                        ),
                    ),
                ),
                DistinctSketch(VISITOR),
            ),
            entity=ITEM,
        ),
    ),
    plain=plain_of(ITEM),
)

SESSION_FEATURES = FeatureSet(
    (FeatureView("visit", "What happened in the visit", (Visit(),), entity=SESSION),),
    plain=plain_of(SESSION),
)

POPULATION_FEATURES = FeatureSet(
    (
        FeatureView(
            "buyers", "Where a fifth of them ends and the next begins", (Buyers(),), POPULATION
        ),
    )
)

FEATURES = (USER_FEATURES, ITEM_FEATURES, SESSION_FEATURES, POPULATION_FEATURES)
"""What is streamed, one set an entity."""
