"""Models in ONNX, run in process: one float32 matrix in, probabilities out."""

from collections.abc import Collection, Mapping
from math import nan

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from attune.errors import ConfigurationError
from attune.features.feature import Value
from attune.predict.bundle import TOLERANCE, Bundle, read_metadata
from attune.predict.score import ModelId, Score
from attune.predict.store import StoredModel

Matrix = npt.NDArray[np.float32]


class OnnxScorer:
    """A published model. Nulls go in as NaN, which the graph itself replaces.

    Raises:
        ConfigurationError: the graph cannot be run, takes another number of inputs, or does not
            give the trainer's values for the golden rows.
    """

    def __init__(self, bundle: Bundle, version: int) -> None:
        self.metadata = bundle.metadata
        self.name = bundle.metadata.name
        self.id = ModelId(self.name, version)
        self._inputs = tuple(bundle.metadata.inputs)
        self._why = f"Model {self.name} version {version}: {bundle.metadata.output}"
        self._graph = _Graph(bundle.onnx, f"model {self.name!r}")
        self._check()

    def score(self, features: Mapping[str, Value]) -> Score:
        """See `Scorer.score`."""
        row = np.array([[_number(features.get(name)) for name in self._inputs]], np.float32)
        return Score(self.name, float(self.score_rows(row)[0]), "MODEL", self.id, self._why)

    def score_rows(self, matrix: Matrix) -> npt.NDArray[np.float32]:
        """Return the probability of each row of a float32 matrix [n, inputs]."""
        return self._graph.run(matrix)

    def _check(self) -> None:
        wanted = [golden.value for golden in self.metadata.golden]
        rows = [[_number(value) for value in golden.inputs] for golden in self.metadata.golden]
        if self._graph.width != len(self._inputs) or not rows:
            raise ConfigurationError(
                f"model {self.name!r}: the graph takes {self._graph.width} inputs, model.json "
                f"names {len(self._inputs)} and has {len(rows)} golden rows; train and publish it "
                "again"
            )
        gap = float(np.abs(self.score_rows(np.array(rows, np.float32)) - wanted).max())
        if not gap <= TOLERANCE:  # NaN must fail too
            raise ConfigurationError(
                f"model {self.name!r} is off by {gap:.2g} on its golden rows here; train and "
                "publish it again with the onnxruntime that serves it"
            )


def load_scorer(stored: StoredModel, known: Collection[str]) -> OnnxScorer:
    """Return a stored model ready to score; `known` are the names of all features.

    Raises:
        ConfigurationError: as `OnnxScorer`, or it takes a feature that there is no more.
    """
    bundle = Bundle(stored.onnx, read_metadata(stored.metadata))
    missing = [name for name in bundle.metadata.inputs if name not in known]
    if missing:
        raise ConfigurationError(
            f"model {stored.name!r} version {stored.version} takes {', '.join(missing)}, which "
            "feature_repo/ does not declare; declare it again, or train and publish a new version"
        )
    return OnnxScorer(bundle, stored.version)


class _Graph:
    def __init__(self, onnx: bytes, what: str) -> None:
        options = ort.SessionOptions()
        # One row takes 10 us on the calling thread; handing it to a pool would take longer.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors: they are raised as well
        try:
            self._session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base class of their own
            raise ConfigurationError(f"{what} is no ONNX graph we can run: {error}") from error
        taken, given = self._session.get_inputs()[0], self._session.get_outputs()[-1]
        self._input, self._output = taken.name, [given.name]
        self.width = taken.shape[-1]

    def run(self, matrix: Matrix) -> Matrix:
        found: Matrix = self._session.run(self._output, {self._input: matrix})[0]
        return found[:, -1]


def run_graph(onnx: bytes, matrix: Matrix) -> Matrix:
    """Return the probability that a graph gives each row of a float32 matrix [n, inputs].

    Raises:
        ConfigurationError: it is no graph that can be run here.
    """
    return _Graph(onnx, "the model").run(matrix)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else nan
