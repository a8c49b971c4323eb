"""The model: logistic regression on logarithms, with nulls told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from attune.errors import ConfigurationError
from training.dataset import Matrix, Rows
from training.logs import Logs

_STRENGTHS = tuple(10.0**power for power in range(-4, 2))
"""Of the data against the assumption that nothing matters (scikit-learn's C)."""

FEWEST_MOMENTS = 50
FEWEST_OF_A_KIND = 5
"""Before a purchase, and not; also the folds in which the regression tries itself."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, the rows it was fitted to, and the names of their columns."""

    pipeline: Pipeline
    rows: Rows
    inputs: Sequence[str]

    def probabilities(self, inputs: Matrix) -> npt.NDArray[np.float64]:
        """Return the probability of a purchase for each row."""
        found: npt.NDArray[np.float64] = self.pipeline.predict_proba(inputs)[:, 1]
        return found

    @property
    def weights(self) -> dict[str, float]:
        """Log-odds that one standard deviation of an input adds, the largest first.

        An input that was sometimes null has a second weight, of being null.
        """
        names = [*self.inputs, *(f"{name} is null" for name in self.inputs)]
        coefficients = map(float, self.pipeline["regression"].coef_[0])
        found = dict(zip(names, coefficients, strict=True))
        ordered = sorted(found.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        return {name: weight for name, weight in ordered if weight}


def fit(rows: Rows, inputs: Sequence[str]) -> Fitted:
    """Return the model fitted to these rows; the same rows give the same model."""
    pipeline = Pipeline(
        [
            ("logs", Logs()),
            ("scale", StandardScaler()),
            ("regression", _regression()),
        ]
    )
    pipeline.fit(rows.inputs, rows.labels)
    return Fitted(pipeline, rows, inputs)


def check_enough(rows: Rows, what_for: str) -> None:
    """Refuse rows that say more about chance than about visitors.

    Raises:
        ConfigurationError: too few rows, or too few of one kind.
    """
    negatives = len(rows.labels) - rows.positives
    fewest = min(rows.positives, negatives)
    if len(rows.labels) < FEWEST_MOMENTS or fewest < FEWEST_OF_A_KIND:
        raise ConfigurationError(
            f"not enough data: {len(rows.labels)} moments to {what_for}, {rows.positives} of "
            f"them before a purchase; at least {FEWEST_MOMENTS} are needed, {FEWEST_OF_A_KIND} of "
            "either kind. Send more events, or choose another horizon"
        )


def _regression() -> LogisticRegressionCV:
    """Return a regression that finds how far to trust little data, by its own log loss.

    The windows of one count say much the same, so unregularised weights would cancel each other
    and go astray on the next hour. The folds are not shuffled: each holds visits of its own.
    """
    return LogisticRegressionCV(
        Cs=_STRENGTHS,
        cv=StratifiedKFold(FEWEST_OF_A_KIND),
        scoring="neg_log_loss",
        l1_ratios=(0.0,),
        use_legacy_attributes=False,
        max_iter=1_000,
    )
