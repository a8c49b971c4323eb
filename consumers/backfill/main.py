"""`attune backfill`: pass by pass, until every row is whole."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from attune.adapters.archive.store import ArchiveStore
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore
from attune.profiles.kept import Kept
from attune.profiles.seam import Seam
from attune.stream import EVENTS, Position
from consumers.backfill.bases import Base, Bases
from consumers.backfill.beginnings import Beginnings
from consumers.backfill.progress import Progress
from consumers.backfill.waiting import GoingOn, Waiting
from consumers.backfill.wanted import find, furthest, sources_of

Rows = Mapping[str, Mapping[str, Seam]]

_PASS = 50_000
"""Rows that are folded at once: some 5 kB each while they are."""
_WRITTEN = 500
"""Rows of one round trip."""


@dataclass(frozen=True, slots=True)
class Groups:
    """How far the consumers are that a backfill has to do with."""

    features: GoingOn
    archive: GoingOn


@dataclass(slots=True)
class Report:
    """What was done of one kind of entity."""

    kind: str
    seen: int = 0
    rows: int = 0
    """Filled."""
    events: int = 0
    """Folded; one that two views with different seams needed counts twice."""


async def backfill(
    archive: ArchiveStore,
    store: OnlineStore,
    features: FeatureSet,
    groups: Groups,
    progress: Progress,
) -> Report:
    """Make every row of an entity kind whole, whatever goes on meanwhile.

    It can be interrupted and begun again at any time: a row is filled in one guarded write.

    Raises:
        Emptied: the store was emptied meanwhile; begin again.
        Unavailable: a server is away, or the archive consumer does not catch up.
    """
    report = Report(features.entity.name)
    begun = await store.join(await groups.features())
    beginnings = Beginnings(archive, store, features, begun.first)
    waiting = Waiting(archive, groups.archive, progress)
    if not begun.complete:
        await waiting.until({place: offset - 1 for place, offset in begun.first.items()})
        past = await beginnings.fill()
        report.rows += len(past.kept)
        report.events += past.events
        progress.filled(report.kind, len(past.kept))
    skips: dict[tuple[str, Position], frozenset[int]] = {}
    while True:
        wanted = await find(store, features)
        report.seen = max(report.seen, wanted.seen)
        progress.found(report.kind, wanted.seen, len(wanted.rows))
        if not wanted.rows:
            return report
        if wanted.begun:  # handed over while their pasts were being filled in
            await beginnings.give(wanted.begun)
            continue
        for rows in _passes(wanted.rows):
            seams = (seam for seams in rows.values() for seam in seams.values())
            await waiting.until(furthest(seams))
            bases = Bases(features, rows, skips)
            await asyncio.to_thread(_fold, archive, bases)
            report.events += bases.events
            filled = await _fill(store, features, bases)
            report.rows += filled
            progress.filled(report.kind, filled)


def _passes(rows: Rows) -> Iterator[Rows]:
    remaining = iter(rows.items())
    while some := dict(islice(remaining, _PASS)):
        yield some


def _fold(archive: ArchiveStore, bases: Bases) -> None:
    profiles = None
    if bases.features.entity.of_profiles:
        profiles = list(sources_of(bases.rows))
    bases.fold(archive.taken(profiles=profiles, topics=EVENTS))


async def _fill(store: OnlineStore, features: FeatureSet, bases: Bases) -> int:
    """Put the bases in front of what was folded since; return how many rows are whole now."""
    ready = [entity for entity in bases.rows if entity not in bases.broken]
    filled = 0
    for start in range(0, len(ready), _WRITTEN):
        pending = ready[start : start + _WRITTEN]
        while pending:
            rows = await store.load(pending)
            changed = [
                kept
                for entity, row in rows.items()
                if _close(kept := Kept(entity, row, features), bases.bases[entity])
            ]
            writes = [write for kept in changed if (write := kept.write())]
            refused = await store.save(writes)
            filled += len(writes) - len(refused)
            pending = [entity for entity in pending if entity in refused]
    return filled


def _close(kept: Kept, bases: Sequence[Base]) -> bool:
    """Close the seams that are still where they were; say whether any was.

    A row that was handed over meanwhile has none, or others: the next round finds them.
    """
    closed = False
    for base in bases:
        names = [
            name
            for name in base.names
            if (seam := kept.seams.get(name)) and seam.read == base.seam.read
        ]
        if names:
            states = base.folded.states()
            kept.close(names, {name: states[name] for name in names if name in states})
            closed = True
    return closed
