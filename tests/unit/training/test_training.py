from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from making import NOON
from sklearn.dummy import DummyClassifier

from attune.adapters.memory_content import MemoryModels
from attune.adapters.onnx import OnnxScorer, load_scorer
from attune.errors import ConfigurationError
from attune.ids import ProfileId
from attune.predict.bundle import TOLERANCE, Bundle, read_metadata
from feature_repo.services import model_inputs
from feature_repo.views import USER_FEATURES
from training.dataset import Rows, split
from training.evaluate import calibration, evaluate
from training.export import export
from training.history import History, Moment
from training.publish import Goal, bundle_of, publish, why_not
from training.report import write_report
from training.train import Fitted, check_enough, fit

HOUR = timedelta(hours=1)
INPUTS = [field.name for field in model_inputs(USER_FEATURES)]
CREATED = datetime(2026, 11, 3, tzinfo=UTC)


def moments(count: int, every: timedelta = timedelta(minutes=1)) -> list[Moment]:
    ada = ProfileId("ada")
    return [Moment(ada, ada, NOON + n * every) for n in range(count)]


def rows(count: int, seed: int, *, telling: bool = True) -> Rows:
    """Rows in which many views make a purchase likely, or in which nothing does."""
    rng = np.random.default_rng(seed)
    inputs = rng.exponential(4, (count, len(INPUTS))).astype(np.float32)
    inputs[:, INPUTS.index("carts_1h")] = 0  # nobody ever put anything in a cart this week
    inputs[rng.random(count) < 0.7, INPUTS.index("recency_days")] = np.nan
    odds = np.log1p(inputs[:, 0]) * 2 - 5 if telling else np.full(count, -2.0)
    labels = (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return Rows(moments(count), inputs, labels)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(rows(2_000, 0), INPUTS)


def bundle(fitted: Fitted, held_out: Rows) -> Bundle:
    return bundle_of(Goal(), fitted, export(fitted, held_out.inputs), held_out, CREATED)


# Which moments


def history(minutes: int) -> History:
    found = moments(minutes + 1)
    return History(found, {}, found[0].at, found[-1].at)


def test_held_out_moments_come_a_horizon_after_those_learned_from() -> None:
    parts = split(history(300), HOUR)

    gap = parts.held_out[0].at - parts.train[-1].at
    assert gap == HOUR + timedelta(minutes=1)
    assert len(parts.train) / (len(parts.train) + len(parts.held_out)) == pytest.approx(
        0.7, abs=0.01
    )


def test_a_moment_counts_only_if_the_archive_covers_its_horizon() -> None:
    seen = history(300)

    assert split(seen, HOUR).held_out[-1].at == seen.last - HOUR


@pytest.mark.parametrize("minutes", [0, 59, 120])
def test_an_archive_that_is_too_short_is_refused_with_what_it_would_take(minutes: int) -> None:
    with pytest.raises(ConfigurationError, match=r"not enough data: .* well over 2:00:00"):
        split(history(minutes), HOUR)


def test_an_empty_archive_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the archive is empty"):
        split(History(), HOUR)


@pytest.mark.parametrize(
    ("labels", "said"), [([0, 1] * 24, "48 moments"), ([0] * 90 + [1] * 4, "4 of them")]
)
def test_too_few_moments_of_a_kind_are_refused(labels: list[int], said: str) -> None:
    few = Rows(moments(len(labels)), np.zeros((len(labels), 1), np.float32), np.array(labels))

    with pytest.raises(ConfigurationError, match=said):
        check_enough(few, "learn from")


# The model


def test_the_same_rows_give_the_same_model(fitted: Fitted) -> None:
    again = fit(rows(2_000, 0), INPUTS)

    assert again.weights == fitted.weights
    assert again.rows.fingerprint == fitted.rows.fingerprint
    assert fit(rows(2_000, 1), INPUTS).rows.fingerprint != fitted.rows.fingerprint


def test_what_matters_weighs_most(fitted: Fitted) -> None:
    weights = fitted.weights

    assert next(iter(weights)) == "views_1h"
    assert weights["views_1h"] > 1
    assert "carts_1h" not in weights  # always zero: nothing to learn from it


def test_the_export_agrees_with_its_trainer_far_outside_what_was_learned(fitted: Fitted) -> None:
    rng = np.random.default_rng(7)
    far = (rng.standard_cauchy((5_000, len(INPUTS))) * 1e4).astype(np.float32)
    tiny = rng.exponential(1e-6, (5_000, len(INPUTS))).astype(np.float32)
    odd = np.vstack([far, tiny, np.full_like(far[:1], np.nan), np.zeros_like(far[:1])])

    assert export(fitted, odd).parity < TOLERANCE / 2


def test_an_export_that_does_not_agree_is_refused(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.export.run_graph", lambda _, matrix: np.zeros(len(matrix), np.float32)
    )

    with pytest.raises(ConfigurationError, match=r"off by .* nothing was published"):
        export(fitted, rows(100, 3).inputs)


# How good it is


def test_a_perfect_answer_and_the_average_rate_get_the_marks_they_should() -> None:
    labels = np.array([0] * 90 + [1] * 10, np.int8)

    perfect = evaluate(labels, labels.astype(np.float64))
    average = evaluate(labels, np.full(100, 0.1))

    assert (perfect.auc, perfect.brier, perfect.ece) == (1.0, 0.0, 0.0)
    assert (perfect.rows, perfect.positives) == (100, 10)
    assert average.auc == 0.5
    assert average.log_loss == pytest.approx(0.3251, abs=1e-4)
    assert average.brier == pytest.approx(0.09)


def test_one_class_has_no_auc() -> None:
    assert evaluate(np.zeros(20, np.int8), np.full(20, 0.1)).auc is None


def test_calibration_bins_hold_a_tenth_each_from_the_least_probable_on() -> None:
    said = np.linspace(0, 1, 100)

    bins = calibration((said > 0.5).astype(np.int8), said)

    assert [one.rows for one in bins] == [10] * 10
    assert [one.happened for one in bins] == [0.0] * 5 + [1.0] * 5
    assert bins[0].said == pytest.approx(said[:10].mean())


# Publication


async def test_what_is_published_is_what_serves(fitted: Fitted) -> None:
    models, held_out = MemoryModels(), rows(500, 2)
    made = bundle(fitted, held_out)

    version = await publish(made, models, "test")

    [stored] = await models.active()
    scorer = load_scorer(stored, INPUTS)
    assert (version, scorer.id.version) == (1, 1)
    assert scorer.score_rows(held_out.inputs) == pytest.approx(
        fitted.probabilities(held_out.inputs), abs=1e-6
    )


def test_model_json_says_where_the_model_comes_from(fitted: Fitted) -> None:
    made = bundle(fitted, rows(500, 2))

    about = made.metadata
    assert read_metadata(made.describe()) == about
    assert about.inputs == INPUTS
    assert about.prior == pytest.approx(fitted.rows.labels.mean())
    assert about.trained.start == NOON
    assert about.metrics.log_loss < about.baseline.log_loss
    assert len(about.golden) == 9
    assert about.golden[-1].inputs == [None] * len(INPUTS)
    assert about.fingerprint == fitted.rows.fingerprint


def test_a_model_that_is_no_better_than_the_average_rate_says_so(fitted: Fitted) -> None:
    assert why_not(bundle(fitted, rows(500, 2))) == ""
    assert "log loss" in why_not(bundle(fitted, rows(500, 4, telling=False)))


def test_a_model_of_noise_is_near_the_average_rate() -> None:
    noise = fit(rows(2_000, 5, telling=False), INPUTS)
    found = noise.probabilities(rows(500, 6).inputs)

    assert np.abs(found - noise.rows.labels.mean()).max() < 0.05


def test_a_golden_row_of_nulls_is_what_an_unknown_visitor_gets(fitted: Fitted) -> None:
    made = bundle(fitted, rows(500, 2))

    assert OnnxScorer(made, 1).score({}).value == pytest.approx(
        made.metadata.golden[-1].value, abs=1e-6
    )


def test_the_report_needs_nothing_from_elsewhere(fitted: Fitted, tmp_path: Path) -> None:
    held_out = rows(500, 2)
    graph = export(fitted, held_out.inputs)
    made = bundle_of(Goal("<b>"), fitted, graph, held_out, CREATED)

    page = write_report(made, held_out.labels, graph.served, tmp_path).read_text()

    assert "views_1h" in page
    assert "&lt;b&gt;" in page
    assert "$" not in page
    assert "http" not in page


def test_the_baseline_is_scikit_learns_own_prior(fitted: Fitted) -> None:
    train, held_out = fitted.rows, rows(500, 2)
    dummy = DummyClassifier(strategy="prior").fit(train.inputs, train.labels)

    prior = evaluate(held_out.labels, dummy.predict_proba(held_out.inputs)[:, 1])

    assert bundle(fitted, held_out).metadata.baseline == prior
