"""A model bundle: `model.onnx` and `model.json`, which says what the numbers mean."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from attune.errors import ConfigurationError

FORMAT = 1
"""Of `model.json`."""

TOLERANCE = 1e-5
"""Largest difference of a probability between the trainer and ONNX, which computes in float32."""


class Window(msgspec.Struct, frozen=True):
    """Moments from `start` to `end`, UTC."""

    start: datetime
    end: datetime


class Metrics(msgspec.Struct, frozen=True):
    """Quality on held-out moments. Lower is better, save for `auc`."""

    rows: int
    positives: int
    auc: float | None
    """None where the held-out moments have one class only."""
    log_loss: float
    brier: float
    ece: float
    """Expected calibration error: mean gap of probability and rate, in ten bins of equal size."""


class Golden(msgspec.Struct, frozen=True):
    """A row of inputs and the trainer's probability; nulls are nulls, not NaN."""

    inputs: list[float | None]
    value: float


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """`model.json`: everything that is known of a model."""

    name: str
    inputs: list[str]
    """Names of features, in the order of the matrix's columns."""
    output: str
    """What the probability is of, in words."""
    horizon_seconds: float
    calibration: str
    prior: float
    """Base rate of the training moments: what the model has to beat."""
    metrics: Metrics
    baseline: Metrics
    """The prior on the same held-out moments."""
    weights: dict[str, float]
    """Log-odds that one standard deviation of an input adds."""
    trained: Window
    held_out: Window
    rows: int
    positives: int
    fingerprint: str
    """SHA-256 of the training rows."""
    parity: float
    """Largest difference between scikit-learn and ONNX on all held-out rows."""
    golden: list[Golden]
    created_at: datetime
    libraries: dict[str, str]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model that can be published and served. The ONNX graph takes float32 [n, inputs]."""

    onnx: bytes
    metadata: Metadata

    def describe(self) -> dict[str, Any]:
        """Return the metadata as JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self.metadata)
        return plain


def read_metadata(plain: object) -> Metadata:
    """Return the metadata in the JSON values of `Bundle.describe`.

    Raises:
        ConfigurationError: they are not metadata in a format that we know.
    """
    try:
        metadata = msgspec.convert(plain, Metadata)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"model.json: {error}; train and publish it again") from error
    if metadata.format != FORMAT:
        raise ConfigurationError(
            f"model.json: format {metadata.format} is not known here; train and publish it again"
        )
    return metadata
