"""Stored states outlive a deploy: the bytes of each view, and what they must read as for ever."""

import json
from typing import Any

import goldens
import pytest

from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.features.view import FeatureView

VIEWS = pytest.mark.parametrize(
    ("features", "view"), list(goldens.every_view()), ids=lambda it: getattr(it, "full_name", "")
)


def stored(view: FeatureView) -> dict[str, Any]:
    path = goldens.path_of(view)
    assert path.exists(), f"{view.full_name} v{view.version} is new: run `make goldens`"
    found: dict[str, Any] = json.loads(path.read_text())
    assert found
    return found


def parts(features: FeatureSet, name: str) -> list[Any]:
    history, _, entity = name.rpartition(": ")
    return goldens.entities(features, goldens.histories()[history])[entity]


@VIEWS
def test_folding_a_history_gives_the_bytes_that_it_always_gave(
    features: FeatureSet, view: FeatureView
) -> None:
    for name, known in stored(view).items():
        states = goldens.fold(features, parts(features, name)).states()
        assert states[view.state_name].hex() == known["stored"], name


@VIEWS
def test_stored_bytes_read_as_they_always_did(features: FeatureSet, view: FeatureView) -> None:
    for name, known in stored(view).items():
        latest = max(event.at for event in parts(features, name))
        folded = Folded(features, {view.state_name: bytes.fromhex(known["stored"])})

        for moment, values in goldens.read(folded, view, latest).items():
            for field, value in values.items():
                wanted = known[moment][field]
                if isinstance(value, float):  # of exp and pow, the last digit is the machine's
                    wanted = pytest.approx(wanted, rel=1e-12)
                assert value == wanted, (name, moment, field)
        assert folded.lost == {}
        assert folded.states() == {view.state_name: bytes.fromhex(known["stored"])}


@VIEWS
def test_every_history_and_field_is_in_the_golden_file(
    features: FeatureSet, view: FeatureView
) -> None:
    def fields(known: dict[str, Any]) -> dict[str, list[str]]:
        return {moment: list(known[moment]) for moment in goldens.AFTER}

    found = goldens.golden(features, view)
    assert {name: fields(known["read"]) for name, known in found.items()} == {
        name: fields(known) for name, known in stored(view).items()
    }
