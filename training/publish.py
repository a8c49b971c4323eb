"""A bundle made of a trained model, and its publication."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

import numpy as np

from attune.predict.bundle import Bundle, Metadata, Window
from attune.predict.store import ModelStore
from training.dataset import Rows
from training.evaluate import evaluate
from training.export import Graph
from training.train import Fitted

_LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "feast", "numpy")


@dataclass(frozen=True, slots=True)
class Goal:
    """What is predicted, under which name: a purchase within `horizon` of a moment."""

    name: str = "purchase"
    horizon: timedelta = timedelta(hours=1)


def bundle_of(
    goal: Goal, fitted: Fitted, graph: Graph, held_out: Rows, created_at: datetime
) -> Bundle:
    """Return the model with all that is known of it; it is judged by what ONNX says."""
    train = fitted.rows
    prior = train.positives / len(train.labels)
    metadata = Metadata(
        name=goal.name,
        inputs=list(fitted.inputs),
        output=f"probability of a purchase within {goal.horizon}",
        horizon_seconds=goal.horizon.total_seconds(),
        calibration="none: logistic regression; metrics.ece says how far off it is",
        prior=prior,
        metrics=evaluate(held_out.labels, graph.served.astype(np.float64)),
        baseline=evaluate(held_out.labels, np.full(len(held_out.labels), prior)),
        weights=fitted.weights,
        trained=_window(train),
        held_out=_window(held_out),
        rows=len(train.labels),
        positives=train.positives,
        fingerprint=train.fingerprint,
        parity=graph.parity,
        golden=graph.golden,
        created_at=created_at,
        libraries={name: version(name) for name in _LIBRARIES},
    )
    return Bundle(graph.onnx, metadata)


def _window(rows: Rows) -> Window:
    return Window(rows.moments[0].at, rows.moments[-1].at)


def why_not(bundle: Bundle) -> str:
    """Return why the model is no gain over the prior, or "" if it is one."""
    metadata = bundle.metadata
    model, prior = metadata.metrics.log_loss, metadata.baseline.log_loss
    if model < prior:
        return ""
    return f"its log loss on held-out moments is {model:.4f}, that of the average rate {prior:.4f}"


async def publish(bundle: Bundle, models: ModelStore, actor: str) -> int:
    """Put the bundle into use on behalf of `actor`; return its version.

    Raises:
        Unavailable: the store does not answer; nothing was published.
    """
    return await models.publish(bundle.metadata.name, bundle.onnx, bundle.describe(), actor=actor)
