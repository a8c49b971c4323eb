"""`attune backfill` on the command line."""

import asyncio
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from attune.adapters.archive.store import open_archive
from attune.adapters.kafka.admin import reached
from attune.adapters.redis import RedisStore, open_wire
from attune.errors import ConfigurationError
from attune.features.feature_set import FeatureSet
from attune.settings import Settings
from attune.stream import EVENTS
from consumers.archive import Archiving
from consumers.backfill.main import Groups, Report
from consumers.backfill.main import backfill as run_backfill
from consumers.backfill.progress import Progress
from consumers.features.consumer import Features
from feature_repo.views import FEATURES

TIMEOUT = 30.0
"""Seconds that Redis may take for one round trip: nobody waits for this program."""


def backfill(settings: Settings, entities: Sequence[str]) -> None:
    """Fill what is not whole of these entities (of all, if none is named), and say what was done.

    Raises:
        ConfigurationError: there is no such entity.
        Unavailable: a server is away, or the archive does not catch up; begin again at any time.
    """
    console = Console()
    with Bars(
        SpinnerColumn(),
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        reports = asyncio.run(_run(settings, _chosen(entities), _Shown(bars)))
    _show(console, reports)


def _chosen(entities: Sequence[str]) -> list[FeatureSet]:
    known = {features.entity.name: features for features in FEATURES}
    for entity in entities:
        if entity not in known:
            raise ConfigurationError(
                f"there is no entity {entity!r}: name any of {', '.join(known)}, or none for all"
            )
    return [features for name, features in known.items() if not entities or name in entities]


async def _run(settings: Settings, every: list[FeatureSet], progress: Progress) -> list[Report]:
    groups = Groups(
        partial(reached, settings.kafka, Features.name, EVENTS),
        partial(reached, settings.kafka, Archiving.name, EVENTS),
    )
    redis = open_wire(str(settings.redis), timeout=TIMEOUT, cluster=settings.redis_cluster)
    with redis as wire, open_archive(settings) as archive:
        return [
            await run_backfill(
                archive, RedisStore(wire, settings.project, features), features, groups, progress
            )
            for features in every
        ]


class _Shown(Progress):
    """A bar for each kind of entity."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("looking at what is there", total=None)

    def found(self, kind: str, seen: int, rows: int) -> None:
        """See `Progress.found`."""
        if rows:
            told = f"{kind}: filling {rows:,} of {seen:,} from the archive"
            self._bars.reset(self._task, total=rows, description=told)

    def waiting(self, behind: int) -> None:
        """See `Progress.waiting`."""
        told = f"waiting for the archive: {behind:,} messages behind"
        self._bars.update(self._task, description=told)

    def filled(self, kind: str, rows: int) -> None:
        """See `Progress.filled`."""
        self._bars.update(self._task, advance=rows, description=f"{kind}: filling")


def _show(console: Console, reports: Sequence[Report]) -> None:
    table = Table("entity", "looked at", "filled", "events folded", title="attune backfill")
    for report in reports:
        table.add_row(report.kind, f"{report.seen:,}", f"{report.rows:,}", f"{report.events:,}")
    console.print(table)
    if not any(report.rows for report in reports):
        console.print("nothing to fill: every view is whole")
