"""Two models for `answer`: logistic regressions on the thirty features, fitted to made-up rows."""

from datetime import timedelta

import numpy as np

from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.models import PostgresModels
from attune.collect.event import EPOCH
from attune.ids import ProfileId
from attune.settings import Settings
from feature_repo.services import SHOP_PAGE, model_inputs
from training.dataset import Rows
from training.export import export
from training.history import Moment
from training.publish import Goal, bundle_of, publish
from training.train import fit

_ROWS = 400


async def publish_models(settings: Settings, names: tuple[str, ...]) -> None:
    """Publish one model a name."""
    wanted = {field.name for _, fields in SHOP_PAGE.chosen for field in fields}
    inputs = [f.name for f in model_inputs(SHOP_PAGE.features) if f.name in wanted]
    async with open_database(settings) as database:
        for seed, name in enumerate(names):
            rows = _rows(seed, len(inputs))
            fitted = fit(rows, inputs)
            graph = export(fitted, rows.inputs)
            bundle = bundle_of(Goal(name), fitted, graph, rows, EPOCH)
            await publish(bundle, PostgresModels(database), "benchmark")


def _rows(seed: int, width: int) -> Rows:
    chance = np.random.default_rng(seed)
    inputs = chance.gamma(1.5, 3.0, (_ROWS, width)).astype(np.float32)
    labels = (inputs[:, 0] + chance.normal(0, 2, _ROWS) > inputs[:, 1]).astype(np.int8)
    moments = [_moment(number) for number in range(_ROWS)]
    return Rows(moments, inputs, labels)


def _moment(number: int) -> Moment:
    who = ProfileId(f"user-{number}")
    return Moment(who, who, EPOCH + timedelta(hours=number))
