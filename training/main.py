"""The role `attune train`: from the archive to a published model."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from attune.adapters.archive.store import open_archive
from attune.predict.bundle import Bundle
from attune.predict.store import ModelStore
from attune.settings import Settings
from feature_repo.apply import apply, open_store
from feature_repo.services import model_inputs
from feature_repo.stored import require_sources
from feature_repo.views import FEATURES, USER_FEATURES
from training.dataset import join, split
from training.export import export
from training.history import write_history
from training.publish import Goal, bundle_of, publish, why_not
from training.report import write_report
from training.train import check_enough, fit

Progress = Callable[[str], None]
"""Told what is being done, a sentence a step."""

_PURCHASE = Goal()

_ACTOR = "attune train"
"""Who published, in the audit log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a training. `version` is None where the model was not published: see `why`."""

    bundle: Bundle
    report: Path
    version: int | None
    why: str


async def train(  # noqa: PLR0913 - two are options with defaults
    settings: Settings,
    models: ModelStore,
    now: datetime,
    goal: Goal = _PURCHASE,
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Train on everything archived before `now`; publish the model if it beats the average rate.

    `force` publishes it in any case.

    Raises:
        ConfigurationError: not enough data, or the export does not agree with the trainer;
            nothing was published.
        Unavailable: PostgreSQL does not answer; nothing was published.
    """
    bundle, report = await asyncio.to_thread(make, settings, now, goal, progress)
    reason = why_not(bundle)
    if reason and not force:
        progress(f"not published: {reason}")
        return Outcome(bundle, report, None, reason)
    version = await publish(bundle, models, _ACTOR)
    progress(f"published {bundle.metadata.name} version {version}")
    return Outcome(bundle, report, version, reason)


def make(settings: Settings, now: datetime, goal: Goal, progress: Progress) -> tuple[Bundle, Path]:
    """Return a trained and judged model, and the report on it; nothing is published."""
    progress("folding the archive")
    with open_archive(settings) as archive:
        history = write_history(archive.events(until=now), FEATURES, settings.data)
    parts = split(history, goal.horizon)
    progress(f"joining features to {len(parts.train) + len(parts.held_out):,} moments")
    require_sources(FEATURES, settings.data)
    apply(settings)
    inputs = model_inputs(USER_FEATURES)
    with open_store(settings) as store:
        learned = join(store, history, parts.train, goal.horizon, inputs)
        held_out = join(store, history, parts.held_out, goal.horizon, inputs)
    check_enough(learned, "learn from")
    check_enough(held_out, "judge by")
    progress(f"fitting {len(learned.labels):,} moments, {learned.positives:,} before a purchase")
    fitted = fit(learned, [field.name for field in inputs])
    progress(f"exporting, and comparing {len(held_out.labels):,} held-out moments")
    graph = export(fitted, held_out.inputs)
    bundle = bundle_of(goal, fitted, graph, held_out, now)
    return bundle, write_report(bundle, held_out.labels, graph.served, settings.data)
