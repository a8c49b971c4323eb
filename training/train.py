"""The model: logistic regression on logarithms, with nulls told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from attune.errors import ConfigurationError
from training.dataset import Matrix, Rows
from training.logs import Logs

SEED = 0
FEWEST_MOMENTS = 50
FEWEST_OF_A_KIND = 5
"""Below these a fit says more about chance than about visitors."""


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
    """Return the model fitted to these rows; the same rows give the same model.

    Raises:
        ConfigurationError: too few rows, or too few of one kind.
    """
    negatives = len(rows.labels) - rows.positives
    fewest = min(rows.positives, negatives)
    if len(rows.labels) < FEWEST_MOMENTS or fewest < FEWEST_OF_A_KIND:
        raise ConfigurationError(
            f"not enough data: {len(rows.labels)} moments to learn from, {rows.positives} of them "
            f"before a purchase; at least {FEWEST_MOMENTS} are needed, {FEWEST_OF_A_KIND} of either "
            "kind. Send more events, or choose another horizon"
        )
    pipeline = Pipeline(
        [
            ("logs", Logs()),
            ("scale", StandardScaler()),
            ("regression", LogisticRegression(max_iter=1_000, random_state=SEED)),
        ]
    )
    pipeline.fit(rows.inputs, rows.labels)
    return Fitted(pipeline, rows, inputs)
