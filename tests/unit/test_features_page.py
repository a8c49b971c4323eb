"""docs/features.md: its table is the code's, and its example is a feature that works."""

import re
import sys
from types import ModuleType
from typing import Any

import classes as page
import pytest
from checking import ROOT
from making import NOON, event

from attune.collect.event import Event, millis
from attune.features.check.tried import check_feature
from attune.features.feature import Untakable
from attune.features.view import FeatureView

TEXT = (ROOT / "docs" / "features.md").read_text()


@pytest.fixture
def ratings(monkeypatch: pytest.MonkeyPatch) -> Any:
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    module = ModuleType("ratings")
    monkeypatch.setitem(sys.modules, "ratings", module)  # dataclasses look there
    exec(block, module.__dict__)  # noqa: S102 - what the page shows
    return module.__dict__["Ratings"]()


def review(rating: object) -> Event:
    return event(name="Product Reviewed", properties={"rating": rating})


def test_the_table_of_classes_is_the_codes() -> None:
    assert page.written(TEXT) == TEXT


def test_every_class_has_a_row_and_a_word() -> None:
    for feature in page.EXAMPLES:
        name = type(feature).__name__
        assert f"| `{name}` |" in TEXT
        assert f"`{name}(" in TEXT


def test_the_example_counts_stars(ratings: Any) -> None:
    view = FeatureView("ratings", "Stars given", (ratings,))
    states = view.empty()
    for one in (review(5), review(2), event(type="track", name="Song Played")):
        states = view.update(states, one)

    again = view.decode(view.encode(states))
    assert view.read(again, millis(NOON)) == {"mean_rating": 3.5}
    assert view.read(view.merge(again, view.empty()), millis(NOON)) == {"mean_rating": 3.5}
    assert view.read(view.empty(), millis(NOON)) == {"mean_rating": None}


def test_the_example_refuses_what_no_one_can_take(ratings: Any) -> None:
    ratings.check(review(5))
    with pytest.raises(Untakable, match=r"properties.rating"):
        ratings.check(review("five"))


def test_the_example_keeps_every_promise_that_apply_asks_for(ratings: Any) -> None:
    view = FeatureView("ratings", "Stars given", (ratings,))

    assert list(check_feature(view, ratings)) == []
