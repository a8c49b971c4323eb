"""`feature_repo/`, imported again while a server runs."""

import sys
from pathlib import Path

import pytest

from api.declared import FeatureRepo, stamps
from attune.features.meaning import digest
from feature_repo.views import FEATURES


def test_declarations_are_imported_anew_and_mean_the_same() -> None:
    before = sys.modules["feature_repo.views"]

    found = FeatureRepo().load()

    assert sys.modules["feature_repo.views"] is not before
    assert found is not FEATURES
    assert digest(found) == digest(FEATURES)


def test_declarations_that_cannot_be_imported_leave_the_modules_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sys.modules["feature_repo.views"]
    monkeypatch.setitem(sys.modules, "attune.features.cart", None)  # importing it raises

    with pytest.raises(ImportError):
        FeatureRepo().load()

    assert sys.modules["feature_repo.views"] is before


def test_it_is_as_it_was_while_nothing_changed() -> None:
    assert FeatureRepo().stamps() == FeatureRepo().stamps() != stamps([])


@pytest.mark.parametrize("change", ["write", "add", "remove"])
def test_every_change_of_a_file_is_seen(tmp_path: Path, change: str) -> None:
    views = tmp_path / "windows" / "views.py"
    views.parent.mkdir()
    views.write_text("FEATURES = ()")
    (tmp_path / "views.pyc").touch()  # imports leave such files
    before = stamps([str(tmp_path)])

    if change == "write":
        views.write_text("FEATURES = (1,)")
    elif change == "add":
        (tmp_path / "more.py").touch()
    else:
        views.unlink()

    assert stamps([str(tmp_path)]) != before
