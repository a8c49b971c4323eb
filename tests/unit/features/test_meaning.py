"""A view's fingerprint changes when it means something else, and only then."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attune.features.feature import DAY
from attune.features.meaning import fingerprint
from attune.features.view import FeatureView
from attune.features.windows import Count, Decay, Windows
from feature_repo.views import FEATURES

WINDOWS = Windows(
    (Count("views", "viewed"),),
    decays=(Decay("score", {"views": 2}, "7d", DAY, "Points"),),
)
VIEW = FeatureView("own", "What it is", (WINDOWS,))

OWN = '''
from dataclasses import dataclass
from attune.features.windows import Windows

BASE = 1
UNUSED = 1

def helper(n):
    """Explained."""
    return n + BASE  # so it is

class Own(Windows):
    """A feature."""
    def update(self, state, event, at):
        return helper(state)
'''


def own(tmp_path: Path, source: str) -> FeatureView:
    """A view of a class that stands in a file of its own."""
    name = "own_feature"
    path = tmp_path / f"{name}{len(list(tmp_path.iterdir()))}.py"
    path.write_text(source)
    module: Any = type(sys)(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - the source is ours
    return FeatureView("own", "x", (module.Own((Count("views", "viewed"),)),))


@pytest.mark.parametrize(
    "other",
    [
        replace(VIEW, version=2),
        replace(VIEW, name="other"),
        replace(VIEW, features=(*VIEW.features, WINDOWS)),
        replace(VIEW, features=(replace(WINDOWS, columns=(Count("views", "added"),)),)),
        replace(VIEW, features=(replace(WINDOWS, windows=WINDOWS.windows[:3]),)),
        replace(VIEW, features=(replace(WINDOWS, decays=()),)),
    ],
)
def test_another_parameter_is_another_meaning(other: FeatureView) -> None:
    assert fingerprint(other) != fingerprint(VIEW)


def test_other_words_are_the_same_meaning() -> None:
    decay = WINDOWS.decays[0]._replace(description="Other words", unit="points")
    other = replace(VIEW, description="Other", features=(replace(WINDOWS, decays=(decay,)),))

    assert fingerprint(other) == fingerprint(VIEW)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("# so it is", "", True),
        ('"""Explained."""', '"""Otherwise explained."""', True),
        ('"""A feature."""', "", True),
        ("UNUSED = 1", "UNUSED = 2", True),
        ("BASE = 1", "BASE = 2", False),
        ("return n + BASE", "return n - BASE", False),
        ("helper(state)", "helper(event)", False),
    ],
)
def test_the_code_of_an_own_class_is_part_of_its_meaning(
    tmp_path: Path, old: str, new: str, *, same: bool
) -> None:
    before = fingerprint(own(tmp_path, OWN))
    after = fingerprint(own(tmp_path, OWN.replace(old, new)))

    assert (before == after) is same


def test_every_view_has_a_fingerprint_of_its_own_that_stays() -> None:
    views = [view for features in FEATURES for view in features.views]

    assert len({fingerprint(view) for view in views}) == len(views)
    assert [fingerprint(view) for view in views] == [fingerprint(view) for view in views]
