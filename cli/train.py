"""`attune train` on the command line."""

import asyncio
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.models import PostgresModels
from attune.predict.bundle import Metrics
from attune.settings import Settings
from training.main import Outcome, Progress
from training.main import train as run_training
from training.publish import Goal

_DEFAULT = Goal()


def train(settings: Settings, *, horizon: timedelta, force: bool) -> None:
    """Train with progress, then show how good the model is and what became of it.

    Raises:
        ConfigurationError: not enough data, or the export does not agree with the trainer.
        Unavailable: PostgreSQL does not answer.
    """
    console = Console()
    with console.status("training") as status:
        outcome = trained(settings, Goal(horizon=horizon), force=force, progress=status.update)
    _show(console, outcome)


def trained(
    settings: Settings,
    goal: Goal = _DEFAULT,
    *,
    force: bool = False,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Train on the archive until now and publish; raises as `train`."""
    return asyncio.run(_trained(settings, goal, force=force, progress=progress))


async def _trained(settings: Settings, goal: Goal, *, force: bool, progress: Progress) -> Outcome:
    async with open_database(settings) as database:
        models = PostgresModels(database)
        return await run_training(
            settings, models, datetime.now(UTC), goal, force=force, progress=progress
        )


def summary(outcome: Outcome) -> str:
    """Return one sentence on what came of a training."""
    known = outcome.bundle.metadata
    quality = (
        f"log loss {known.metrics.log_loss:.3f} against {known.baseline.log_loss:.3f} of the prior"
    )
    if outcome.version is None:
        return f"{known.name} is not published ({outcome.why}): {quality}"
    return f"{known.name} version {outcome.version}: {quality}, AUC {known.metrics.auc or 0:.3f}"


def _show(console: Console, outcome: Outcome) -> None:
    known = outcome.bundle.metadata
    table = Table(
        "", "log loss", "Brier", "ECE", "AUC", title=f"{known.metrics.rows:,} held-out moments"
    )
    for name, metrics in (("model", known.metrics), ("prior", known.baseline)):
        table.add_row(name, *_numbers(metrics))
    console.print(table)
    console.print(summary(outcome))
    console.print(f"Report: {outcome.report}", highlight=False)


def _numbers(metrics: Metrics) -> list[str]:
    auc = "-" if metrics.auc is None else f"{metrics.auc:.4f}"
    return [f"{metrics.log_loss:.4f}", f"{metrics.brier:.4f}", f"{metrics.ece:.4f}", auc]
