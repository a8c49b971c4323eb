"""The first step of the model, for scikit-learn and for ONNX: logarithms, and which are null."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxAbs,
    OnnxAdd,
    OnnxCast,
    OnnxConcat,
    OnnxIsNaN,
    OnnxLog,
    OnnxMul,
    OnnxSign,
    OnnxWhere,
)
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.proto import onnx_proto
from sklearn.base import BaseEstimator, TransformerMixin


class Logs(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Turns each of n columns into two: `sign(x) * log(1 + |x|)`, and 1 where x is null.

    Counts, seconds and amounts have long tails; a null ("never bought") is not a small number.
    """

    def fit(self, x: npt.NDArray[Any], y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's
        """Remember the number of columns; there is nothing to learn."""
        self.n_features_in_ = x.shape[1]
        return self

    def transform(self, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the 2n columns."""
        null = np.isnan(x)
        known = np.where(null, 0.0, x).astype(np.float64)
        return np.hstack([np.sign(known) * np.log1p(np.abs(known)), null])


def _shape(operator: Any) -> None:  # noqa: ANN401 - skl2onnx is untyped
    rows, columns = operator.inputs[0].type.shape
    operator.outputs[0].type = FloatTensorType([rows, 2 * columns])


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - as above
    """Write the graph; in double precision, for `1 + x` takes the digits of a small x in float."""
    x, opset = operator.inputs[0], {"op_version": container.target_opset}
    null = OnnxIsNaN(x, **opset)
    double = OnnxCast(x, to=onnx_proto.TensorProto.DOUBLE, **opset)
    known = OnnxWhere(null, np.array([0.0]), double, **opset)
    size = OnnxAdd(OnnxAbs(known, **opset), np.array([1.0]), **opset)
    logs = OnnxMul(OnnxSign(known, **opset), OnnxLog(size, **opset), **opset)
    parts = (OnnxCast(part, to=onnx_proto.TensorProto.FLOAT, **opset) for part in (logs, null))
    both = OnnxConcat(*parts, axis=1, output_names=[operator.outputs[0].full_name], **opset)
    both.add_to(scope, container)


update_registered_converter(Logs, "AttuneLogs", _shape, _convert)
