"""How good probabilities are on moments that no model has seen."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from attune.predict.bundle import Metrics
from training.dataset import Labels

BINS = 10

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Moments of like probability: the mean of what was said, and the rate of what happened."""

    rows: int
    said: float
    happened: float


def evaluate(labels: Labels, found: Probabilities) -> Metrics:
    """Return the quality of probabilities against what happened."""
    classes = [0, 1]
    return Metrics(
        rows=len(labels),
        positives=int(labels.sum()),
        auc=float(roc_auc_score(labels, found)) if len(np.unique(labels)) > 1 else None,
        log_loss=float(log_loss(labels, found, labels=classes)),
        brier=float(brier_score_loss(labels, found, labels=classes)),
        ece=float(
            sum(abs(bin_.said - bin_.happened) * bin_.rows for bin_ in calibration(labels, found))
            / len(labels)
        ),
    )


def calibration(labels: Labels, found: Probabilities) -> list[Bin]:
    """Return ten bins of (nearly) equal size, the least probable first."""
    order = np.argsort(found, kind="stable")
    return [
        Bin(len(part), float(found[part].mean()), float(labels[part].mean()))
        for part in np.array_split(order, BINS)
        if len(part)
    ]
