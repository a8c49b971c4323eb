from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from attune.adapters.onnx import OnnxScorer, load_scorer, run_graph
from attune.errors import ConfigurationError
from attune.features.feature import Value
from attune.predict.bundle import Bundle, Golden, read_metadata
from attune.predict.score import Memo, ModelId, PriorScorer
from attune.predict.store import StoredModel

_GOLDEN = Path(__file__).parents[2] / "golden" / "onnx"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """A model trained long ago, as it was published then."""
    plain = msgspec.json.decode((_GOLDEN / "model.json").read_bytes())
    return Bundle((_GOLDEN / "model.onnx").read_bytes(), read_metadata(plain))


def stored(bundle: Bundle) -> StoredModel:
    then = datetime(2026, 1, 1, tzinfo=UTC)
    return StoredModel("purchase", 4, True, then, bundle.describe(), bundle.onnx)


def with_metadata(bundle: Bundle, **changes: object) -> Bundle:
    return Bundle(bundle.onnx, msgspec.structs.replace(bundle.metadata, **changes))


def test_a_published_model_still_gives_its_golden_values(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, 4)

    for golden in bundle.metadata.golden:
        features = dict(zip(bundle.metadata.inputs, golden.inputs, strict=True))
        assert scorer.score(features).value == pytest.approx(golden.value, abs=1e-6)


def test_a_score_says_which_model_gave_it(bundle: Bundle) -> None:
    score = OnnxScorer(bundle, 4).score({})

    assert (score.name, score.basis, score.model) == ("purchase", "MODEL", ModelId("purchase", 4))
    assert "purchase version 4" in score.why
    assert "within 1:00:00" in score.why


def test_a_missing_feature_and_a_null_are_the_same(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, 1)

    assert scorer.score({"recency_days": None, "views_1h": 3}) == scorer.score({"views_1h": 3})


@pytest.mark.parametrize(
    ("value", "like"), [("three", None), (True, 1.0), (1e300, float("inf")), (2**70, 2.0**70)]
)
def test_what_is_no_float32_goes_in_as_the_nearest_that_is(
    bundle: Bundle, value: Value, like: float | None
) -> None:
    scorer = OnnxScorer(bundle, 1)

    given, wanted = ({"views_1h": each} for each in (value, like))
    assert scorer.score(given).value == pytest.approx(scorer.score(wanted).value, nan_ok=True)


def test_models_of_one_answer_that_take_the_same_features_read_them_once(bundle: Bundle) -> None:
    asked: list[str] = []

    class Features(dict[str, Value]):
        def get(self, name: str, default: Value = None) -> Value:  # type: ignore[override]
            asked.append(name)
            return super().get(name, default)

    other = OnnxScorer(with_metadata(bundle, name="other"), 1)
    features, memo = Features(views_1h=3), Memo()
    scores = [scorer.score(features, memo) for scorer in (OnnxScorer(bundle, 1), other)]

    assert asked == bundle.metadata.inputs
    assert scores[0].value == scores[1].value == other.score({"views_1h": 3}).value


def test_a_batch_gives_what_each_row_gives(bundle: Bundle) -> None:
    rng = np.random.default_rng(0)
    rows = rng.exponential(5, (100, len(bundle.metadata.inputs))).astype(np.float32)
    scorer = OnnxScorer(bundle, 1)

    together = scorer.score_rows(rows)

    alone = [
        scorer.score(dict(zip(bundle.metadata.inputs, map(float, row), strict=True))).value
        for row in rows
    ]
    assert together == pytest.approx(alone, abs=1e-6)


def test_a_graph_that_has_changed_is_refused(bundle: Bundle) -> None:
    first = bundle.metadata.golden[0]
    other = with_metadata(bundle, golden=[Golden(first.inputs, first.value + 0.001)])

    with pytest.raises(ConfigurationError, match="golden rows"):
        OnnxScorer(other, 1)


@pytest.mark.parametrize("changes", [{"inputs": ["views_1h"]}, {"golden": []}])
def test_metadata_that_do_not_fit_the_graph_are_refused(
    bundle: Bundle, changes: dict[str, object]
) -> None:
    with pytest.raises(ConfigurationError, match="publish it again"):
        OnnxScorer(with_metadata(bundle, **changes), 1)


def test_bytes_that_are_no_graph_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ConfigurationError, match="no ONNX graph"):
        OnnxScorer(Bundle(b"nonsense", bundle.metadata), 1)
    with pytest.raises(ConfigurationError, match="no ONNX graph"):
        run_graph(b"nonsense", np.zeros((1, 1), np.float32))


def test_a_stored_model_is_loaded_if_its_features_still_exist(bundle: Bundle) -> None:
    assert load_scorer(stored(bundle), set(bundle.metadata.inputs)).id == ("purchase", 4)

    with pytest.raises(ConfigurationError, match=r"version 4 takes views_1h.* does not declare"):
        load_scorer(stored(bundle), set(bundle.metadata.inputs) - {"views_1h"})


def test_metadata_of_another_format_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ConfigurationError, match="format 2"):
        read_metadata(bundle.describe() | {"format": 2})
    with pytest.raises(ConfigurationError, match=r"model\.json"):
        read_metadata({"name": "purchase"})


def test_without_a_model_everybody_has_the_average_rate() -> None:
    score = PriorScorer("purchase", 0.03).score({"views_1h": 100})

    assert (score.value, score.basis, score.model) == (0.03, "PRIOR", None)
    assert "average rate" in score.why
