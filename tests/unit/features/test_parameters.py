"""Parameters that a state could not hold, or that contradict each other, are refused at start."""

from collections.abc import Callable
from typing import Any

import pytest

from attune.errors import ConfigurationError
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.feature import DAY, HOUR, MINUTE, SECOND
from attune.features.hours import HourOfWeek
from attune.features.interest import Affinity
from attune.features.sessions import Sessions
from attune.features.shares import Kinds, Shares
from attune.features.ticks import Window
from attune.features.windows import Count, Decay, Ratio, Windows

VIEWS = (Count("views", "viewed"),)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Sessions(gap=MINUTE), "at most 125 gaps"),
        (lambda: Sessions(gap=30 * DAY, lateness=40 * DAY), "48 days"),
        (lambda: Sessions(gap=0), "gap is 0"),
        (lambda: Affinity(keep=4, last=5), "at least as many as last"),
        (lambda: Affinity(keep=0, last=0), "keep is 0"),
        (lambda: Affinity(span=0), "span is 0"),
        (lambda: Affinity(half_life=SECOND), "a minute"),
        (lambda: Affinity(points={"viewed": 0}), "at least 1"),
        (lambda: Distinct(most=900), "most is 900"),
        (lambda: Distinct(window=Window("year", DAY, 365)), "365 buckets"),
        (lambda: DistinctSketch(window=Window("1m", SECOND, 60)), "a minute or longer"),
        (lambda: DistinctSketch(precision=3), "precision is 3"),
        (lambda: HourOfWeek(hours=5), "divisor of 168"),
        (lambda: Shares(Kinds("sign", list("abcdefghi"), lambda _: None)), "more than 8"),
        (lambda: Windows(VIEWS, (Window("1h", HOUR, 1), Window("1d", HOUR + 1, 24))), "nest"),
        (lambda: Windows(VIEWS, ratios=(Ratio("r", ("views", "1y"), ("views", "1h"), ""),)), "1y"),
        (lambda: Windows(VIEWS, decays=(Decay("d", {"clicks": 1}, "1h", DAY, ""),)), "clicks"),
    ],
)
def test_it_says_which_parameter_to_change(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make()
