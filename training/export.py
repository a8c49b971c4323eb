"""The trained model as ONNX, compared with scikit-learn on every held-out row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx

from attune.adapters.onnx import run_graph
from attune.errors import ConfigurationError
from attune.predict.bundle import TOLERANCE, Golden
from training.dataset import Matrix
from training.train import Fitted

_OPSET = {"": 21, "ai.onnx.ml": 1}
"""Pinned, so that a new skl2onnx does not make graphs that the servers cannot run."""

_GOLDEN_ROWS = 8


@dataclass(frozen=True, slots=True)
class Graph:
    """An export that agrees with its trainer: float32 [n, inputs] in, float32 [n, 2] out."""

    onnx: bytes
    served: npt.NDArray[np.float32]
    """Its probabilities for the held-out rows."""
    parity: float
    """Largest difference from the trainer's."""
    golden: list[Golden]


def export(fitted: Fitted, held_out: Matrix) -> Graph:
    """Return the model as an ONNX graph, in which NaN is null.

    Raises:
        ConfigurationError: it is off by more than `TOLERANCE`, so it must not be published.
    """
    options = {id(fitted.pipeline): {"zipmap": False}}
    model = to_onnx(fitted.pipeline, held_out[:1], options=options, target_opset=_OPSET)
    onnx: bytes = model.SerializeToString()
    served = run_graph(onnx, held_out)
    gap = float(np.abs(fitted.probabilities(held_out) - served).max())
    if not gap <= TOLERANCE:  # NaN must fail too
        raise ConfigurationError(
            f"the exported model is off by {gap:.2g} from scikit-learn on held-out rows (at most "
            f"{TOLERANCE:.0e}); nothing was published. Try another version of skl2onnx"
        )
    return Graph(onnx, served, gap, _golden(fitted, held_out))


def _golden(fitted: Fitted, inputs: Matrix) -> list[Golden]:
    """Return rows from the least to the most probable, and one of nulls, with their values."""
    order = np.argsort(fitted.probabilities(inputs), kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(_GOLDEN_ROWS, len(order))).astype(int)]
    nulls = np.full((1, inputs.shape[1]), np.nan, np.float32)
    rows = np.vstack([inputs[chosen], nulls])
    return [
        Golden([None if np.isnan(x) else float(x) for x in row], float(value))
        for row, value in zip(rows, fitted.probabilities(rows), strict=True)
    ]
