"""The library's features with default and with other parameters, each beside its definition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import naive
import pytest
from naive import DAY, HOUR, MINUTE, THERE
from past import FEW, MANY

from attune.collect.event import Event, Product
from attune.features.buyers import Buyers
from attune.features.cart import Cart
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.feature import Feature
from attune.features.hours import HourOfWeek
from attune.features.interest import Affinity, Latest
from attune.features.moments import FirstAndLast
from attune.features.names import BRAND, CATEGORY, ITEM, VISITOR
from attune.features.prices import PriceSensitivity
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from attune.features.shares import CHANNEL, DEVICE, Shares
from attune.features.ticks import Window
from attune.features.visit import Visit
from attune.features.windows import Count, Decay, Ratio, Sum, Windows

ANY_ORDER = None


@dataclass(frozen=True)
class Case:
    """`lateness` is how much later than a newer one an event may come, in ms; None is any."""

    name: str
    feature: Feature[Any] = field(repr=False)
    definition: Callable[[Sequence[Event], int], naive.Values] = field(repr=False)
    lateness: int | None = field(default=ANY_ORDER, repr=False)
    products: Sequence[Product] = field(default=FEW, repr=False)


def pieces(event: Event) -> int:
    return sum(line.quantity for line in event.commerce.products) if event.commerce else 0


_COLUMNS = (
    Count("views", "viewed"),
    Count("buys", "purchased"),
    Sum("spent", "purchased"),
    Sum("pieces", "added", pieces, per=1, unit="pieces"),
    Count("others", frozenset({"page", "screen", "track"})),
    Count("removed", "removed"),
)
_NAIVE_COLUMNS = (
    ("views", ("viewed",), None),
    ("buys", ("purchased",), None),
    ("spent", ("purchased",), naive.money),
    ("pieces", ("added",), pieces),
    ("others", ("page", "screen", "track"), None),
    ("removed", ("removed",), None),
)
_MONTH = {"1h": (5 * MINUTE, 12), "24h": (HOUR, 24), "7d": (6 * HOUR, 28), "30d": (DAY, 30)}


class _Pieces(naive.Windows):
    """As the other, where `pieces` is a sum in its own unit."""

    def __call__(self, events: Sequence[Event], now: int) -> naive.Values:
        values = list(super().__call__(events, now))
        shown = [name for name in self.columns if name not in self.hidden]
        start = shown.index("pieces") * len(self.windows)
        for place in range(start, start + len(self.windows)):
            values[place] *= self.per
        return tuple(values)


CASES = (
    Case("Windows", Windows(_COLUMNS), _Pieces(_NAIVE_COLUMNS, _MONTH)),
    Case(
        "Windows with decays, ratios and hidden columns",
        Windows(
            _COLUMNS,
            hidden=frozenset({"others", "removed"}),
            decays=(
                Decay("score", {"views": 2, "buys": 9, "others": 1}, "7d", 2 * DAY, "", scale=20),
                Decay("points", {"views": 1, "removed": -3}, "30d", 10 * DAY, ""),
                Decay("warmth", {"views": 1, "removed": -3}, "1h", 7 * MINUTE, "", scale=2.5),
            ),
            ratios=(
                Ratio("rate", ("buys", "30d"), ("views", "30d"), ""),
                Ratio("trend", ("views", "1h"), ("views", "24h"), "", times=24),
                Ratio("price", ("spent", "7d"), ("buys", "7d"), "", times=1e-6),
            ),
        ),
        _Pieces(
            _NAIVE_COLUMNS,
            _MONTH,
            hidden=("others", "removed"),
            decays=(
                ({"views": 2, "buys": 9, "others": 1}, "7d", 2 * DAY, 20),
                ({"views": 1, "removed": -3}, "30d", 10 * DAY, None),
                ({"views": 1, "removed": -3}, "1h", 7 * MINUTE, 2.5),
            ),
            ratios=(
                (("buys", "30d"), ("views", "30d"), 1.0),
                (("views", "1h"), ("views", "24h"), 24.0),
                (("spent", "7d"), ("buys", "7d"), 1e-6),
            ),
        ),
    ),
    Case(
        "Windows of one width",
        Windows((Count("views", "viewed"),), windows=(Window("3d", DAY, 3),)),
        naive.Windows((("views", ("viewed",), None),), {"3d": (DAY, 3)}),
    ),
    Case(
        "Windows of the same length in steps that differ",
        Windows(
            (Count("all", frozenset(THERE)),),
            windows=(
                Window("by_minute", MINUTE, 1440),
                Window("by_hour", HOUR, 24),
                Window("today", DAY, 1),
                Window("quarter", 7 * DAY, 13),
            ),
        ),
        naive.Windows(
            (("all", THERE, None),),
            {
                "by_minute": (MINUTE, 1440),
                "by_hour": (HOUR, 24),
                "today": (DAY, 1),
                "quarter": (7 * DAY, 13),
            },
        ),
    ),
    Case("Sessions", Sessions(), naive.Sessions(), 24 * HOUR),
    Case(
        "Sessions of other bounds",
        Sessions(gap=5 * MINUTE, lateness=2 * HOUR, acts=frozenset({"viewed", "page"})),
        naive.Sessions(5 * MINUTE, ("viewed", "page")),
        2 * HOUR,
    ),
    Case("Purchases", Purchases(), naive.purchases),
    Case("Affinity", Affinity(CATEGORY), naive.Affinity(naive.categories)),
    Case(
        "Affinity of many names",
        Affinity(CATEGORY, keep=60),
        naive.Affinity(naive.categories),
        products=MANY,
    ),
    Case(
        "Affinity without the latest",
        Affinity(BRAND, top=9, last=0, keep=16, half_life=DAY, span=9, points={"added": 7}),
        naive.Affinity(
            naive.brands,
            top=9,
            last=0,
            half_life=DAY,
            span=9,
            points={"viewed": 1, "added": 7, "purchased": 1},
        ),
    ),
    Case("Latest", Latest(), naive.Latest(naive.categories)),
    Case(
        "Latest of many",
        Latest(ITEM, keep=12, acts=frozenset({"viewed"})),
        naive.Latest(naive.items, 12, ("viewed",)),
        products=MANY,
    ),
    Case("Cart", Cart(keep=200), naive.Cart()),
    Case(
        "Cart that is soon forgotten",
        Cart(idle=MINUTE, forget=2 * HOUR, keep=200),
        naive.Cart(MINUTE, 2 * HOUR),
    ),
    Case("PriceSensitivity", PriceSensitivity(), naive.price_sensitivity),
    Case("Shares of devices", Shares(DEVICE), naive.Shares(DEVICE.names, naive.device)),
    Case(
        "Shares of channels",
        Shares(CHANNEL, acts=frozenset({"page", "track"})),
        naive.Shares(CHANNEL.names, naive.channel, ("page", "track")),
    ),
    Case("HourOfWeek", HourOfWeek(), naive.HourOfWeek()),
    Case(
        "HourOfWeek by the hour",
        HourOfWeek(hours=1, acts=frozenset({"viewed"})),
        naive.HourOfWeek(1, ("viewed",)),
    ),
    Case("FirstAndLast", FirstAndLast(), naive.FirstAndLast()),
    Case(
        "FirstAndLast of views",
        FirstAndLast("_view", frozenset({"viewed"})),
        naive.FirstAndLast("viewed"),
    ),
    Case("Distinct", Distinct(), naive.Distinct(naive.items), products=MANY),
    Case(
        "Distinct of few",
        Distinct(CATEGORY, Window("10d", DAY, 10), 4, frozenset({"viewed", "added"})),
        naive.Distinct(naive.categories, (DAY, 10), 4, ("viewed", "added")),
    ),
    Case("DistinctSketch", DistinctSketch(VISITOR), naive.Sketch(naive.visitor)),
    Case(
        "DistinctSketch of other sizes",
        DistinctSketch(ITEM, Window("8d", 6 * HOUR, 32), 4, frozenset({"viewed", "added"})),
        naive.Sketch(naive.items, (6 * HOUR, 32), 4, ("viewed", "added")),
        products=MANY,
    ),
    Case("Visit", Visit(), naive.visit),
    Case("Buyers", Buyers(), naive.Buyers()),
    Case("Buyers of whom few are kept", Buyers(most=7), naive.Buyers(7)),
)

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def fold(feature: Feature[Any], events: Sequence[Event]) -> Any:
    """The state of events, given as a consumer would."""
    state = feature.empty()
    for event in events:
        if (act := naive.act(event)) in feature.acts:
            state = feature.step(act).update(state, event, event.at)
    return state
