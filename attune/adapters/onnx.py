"""Models in ONNX, run in process: one float32 matrix in, probabilities out."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import nan
from struct import Struct, error

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from attune.errors import ConfigurationError
from attune.features.feature import Value
from attune.predict.bundle import TOLERANCE, Bundle, read_metadata
from attune.predict.score import Memo, ModelId, Score
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
        self._check_width()
        self._row = Struct(f"{len(self._inputs)}f")
        self._one = _One(self._graph)
        self._check()

    def score(self, features: Mapping[str, Value], memo: Memo | None = None) -> Score:
        """See `Scorer.score`."""
        row = None if memo is None else memo.get(self._inputs)
        if row is None:
            row = self._packed(features)
            if memo is not None:
                memo[self._inputs] = row
        return Score(self.name, self._one.run(row), "MODEL", self.id, self._why)

    def _packed(self, features: Mapping[str, Value]) -> bytes:
        """Return the inputs as float32."""
        get = features.get
        found = [nan if (value := get(name)) is None else value for name in self._inputs]
        try:
            return self._row.pack(*found)
        except (error, OverflowError):  # no numbers, or beyond a float32
            with np.errstate(over="ignore"):  # as infinite
                return np.array([_number(value) for value in found], np.float32).tobytes()

    def score_rows(self, matrix: Matrix) -> npt.NDArray[np.float32]:
        """Return the probability of each row of a float32 matrix [n, inputs]."""
        return self._graph.run(matrix)[:, -1]

    def _check_width(self) -> None:
        rows = len(self.metadata.golden)
        if self._graph.width != len(self._inputs) or not rows:
            raise ConfigurationError(
                f"model {self.name!r}: the graph takes {self._graph.width} inputs, model.json "
                f"names {len(self._inputs)} and has {rows} golden rows; train and publish it again"
            )

    def _check(self) -> None:
        wanted = [golden.value for golden in self.metadata.golden]
        rows = [[_number(value) for value in golden.inputs] for golden in self.metadata.golden]
        matrix = np.array(rows, np.float32)
        alone = [self._one.run(row.tobytes()) for row in matrix]
        gap = float(np.abs(np.array([self.score_rows(matrix), alone]) - wanted).max())
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

    def bound(self, row: Matrix, answer: Matrix) -> Callable[[], None]:
        """Return what runs it on what lies in `row`, and leaves what `run` gives in `answer`."""
        binding = self._session.io_binding()
        for bind, name, held in (
            (binding.bind_input, self._input, row),
            (binding.bind_output, self._output[0], answer),
        ):
            bind(name, "cpu", 0, held.dtype.type, held.shape, held.ctypes.data)
        # Not `run_with_iobinding` of the session: it looks for GPUs each time, 7 us of then 26.
        run, inner = self._session._sess.run_with_iobinding, binding._iobinding  # noqa: SLF001
        return partial(run, inner, None)

    def run(self, matrix: Matrix) -> Matrix:
        """Return what it gives each row."""
        found: Matrix = self._session.run(self._output, {self._input: matrix})[0]
        return found


class _One:
    """Runs a graph on one row, in the same memory each time: arrays take as long as the graph.

    So it is for one thread.
    """

    def __init__(self, graph: _Graph) -> None:
        row = np.zeros((1, graph.width), np.float32)
        self._answer = np.zeros_like(graph.run(row))
        self._run = graph.bound(row, self._answer)
        self._row = row.data.cast("B")

    def run(self, row: bytes) -> float:
        """Return the probability of a packed row."""
        self._row[:] = row
        self._run()
        return float(self._answer[0, -1])


def run_graph(onnx: bytes, matrix: Matrix) -> Matrix:
    """Return the probability that a graph gives each row of a float32 matrix [n, inputs].

    Raises:
        ConfigurationError: it is no graph that can be run here.
    """
    return _Graph(onnx, "the model").run(matrix)[:, -1]


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else nan
