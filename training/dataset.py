"""Labelled moments with the features that were known then: the point-in-time join, by Feast."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import feast
import numpy as np
import numpy.typing as npt
import pandas as pd

from attune.collect.event import millis
from attune.errors import ConfigurationError
from attune.features.feature import Field
from attune.features.view import USER
from feature_repo.apply import quiet
from feature_repo.objects import EVENT_TIME
from feature_repo.on_demand import NOW
from feature_repo.services import MODEL_INPUTS
from training.history import History, Moment

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int8]

_ROW = "row"

TRAIN_SHARE = 0.7
"""Of the moments that are used; the rest, all later, is held out."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Moments in the order of time, what was known at each, and whether the visitor then bought."""

    moments: Sequence[Moment]
    inputs: Matrix
    labels: Labels

    @property
    def positives(self) -> int:
        """Moments that led to a purchase."""
        return int(self.labels.sum())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of inputs and labels: the same data gives the same model."""
        return sha256(self.inputs.tobytes() + self.labels.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Split:
    """Training rows, and later ones that training must not see."""

    train: Sequence[Moment]
    held_out: Sequence[Moment]


def split(history: History, horizon: timedelta) -> Split:
    """Return the moments to learn from and later ones to judge by, apart by one horizon.

    A moment counts if the archive covers its whole horizon, else "did not buy" might only mean
    "not yet". Between the two parts lies one horizon, because the label of a training moment is
    only known when its horizon is over: a model trained at that time would not have had it.

    Raises:
        ConfigurationError: the archive is too short.
    """
    if history.first is None or history.last is None:
        raise ConfigurationError("not enough data: the archive is empty; send events first")
    end = history.last - horizon
    covered = [moment for moment in history.moments if moment.at <= end]
    for n, moment in enumerate(covered, 1):
        later = bisect_right(covered, moment.at + horizon, key=lambda one: one.at)
        held_out = len(covered) - later
        if held_out and n >= TRAIN_SHARE * (n + held_out):
            return Split(covered[:n], covered[later:])
    raise ConfigurationError(
        f"not enough data: the archive covers {history.last - history.first}, and a horizon of "
        f"{horizon} needs well over {2 * horizon}; wait, or choose a shorter horizon"
    )


def join(
    store: feast.FeatureStore,
    history: History,
    moments: Sequence[Moment],
    horizon: timedelta,
    inputs: Sequence[Field],
) -> Rows:
    """Return the moments with their features as of then and their labels.

    Raises:
        RuntimeError: the join lost or repeated a row.
    """
    asked = pd.DataFrame(
        {
            _ROW: range(len(moments)),
            USER.join_key: [moment.profile for moment in moments],
            EVENT_TIME: pd.DatetimeIndex([m.at for m in moments], dtype="datetime64[us, UTC]"),
            NOW: [millis(moment.at) for moment in moments],
        }
    )
    service = store.get_feature_service(MODEL_INPUTS)
    with quiet():
        found = store.get_historical_features(entity_df=asked, features=service).to_df()
    if sorted(found[_ROW]) != list(asked[_ROW]):
        raise RuntimeError(f"the join gave {len(found)} rows for {len(asked)} moments")
    ordered = found.sort_values(_ROW)[[field.name for field in inputs]]
    labels = [history.buys(moment, horizon) for moment in moments]
    return Rows(moments, ordered.to_numpy(np.float32), np.array(labels, np.int8))
