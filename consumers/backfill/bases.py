"""What the archive has of each row before its seams, folded by the features themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded, Raised
from attune.ids import ProfileId
from attune.ports import Taken
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING
from attune.profiles.seam import Read, Seam
from attune.stream import Position
from consumers.backfill.wanted import sources_of

_log = structlog.get_logger()


@dataclass(slots=True)
class Base:
    """One row's views that share a seam, and their states before it."""

    seam: Seam
    names: tuple[str, ...]
    folded: Folded


@dataclass(slots=True)
class Bases:
    """Folds events into the rows of one pass; `broken` lists rows in which a feature raised."""

    features: FeatureSet
    rows: Mapping[str, Mapping[str, Seam]]
    skips: dict[tuple[str, Position], frozenset[int]]
    bases: dict[str, list[Base]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    events: int = 0
    _sources: Mapping[ProfileId, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin every base empty."""
        self.bases = {entity: _begun(self.features, seams) for entity, seams in self.rows.items()}
        self._sources = sources_of(self.rows)

    def fold(self, archived: Iterable[Taken]) -> None:
        """Fold everything that lies before a seam."""
        for taken in archived:
            for entity, part in self._about(taken.event):
                if entity in self.bases and entity not in self.broken:
                    self._fold(entity, part, taken)

    def _about(self, event: Event) -> Iterable[tuple[str, Event]]:
        """Yield the rows that may have taken in an event, each with its part of it."""
        if not self.features.entity.of_profiles:
            return self.features.entity.slices(event)
        return [(entity, event) for entity in self._sources.get(event.profile, ())]

    def _fold(self, entity: str, part: Event, taken: Taken) -> None:
        one = Arrived(taken.event, taken.position)
        source = one.profile if self.features.entity.of_profiles else ProfileId(entity)
        place = (source, one.position.topic, one.position.partition)
        skipped = self.skips.get((entity, one.position), NOTHING)
        for base in self.bases[entity]:
            if base.seam.covers(place, one.position.offset, one.received):
                try:
                    base.folded.update(one.act, part, one.at, skipped)
                except Raised as raised:
                    self._note(entity, one.position, raised, taken.event.id)
                    return
                self.events += 1

    def _note(self, entity: str, position: Position, raised: Raised, event: str) -> None:
        """Have the row folded again without asking that feature about this event."""
        self.skips[entity, position] = self.skips.get((entity, position), NOTHING) | {raised.number}
        self.broken.add(entity)
        _log.error("backfill.raised", feature=str(raised), event=event, exc_info=raised.__cause__)


def _begun(features: FeatureSet, seams: Mapping[str, Seam]) -> list[Base]:
    """Return an empty base for the views of each different seam."""
    groups: dict[tuple[tuple[str, Read], ...], list[str]] = {}
    for name, seam in seams.items():
        groups.setdefault(tuple(sorted(seam.read.items())), []).append(name)
    return [
        Base(seams[names[0]], tuple(names), Folded(features.only(names), {}))
        for names in groups.values()
    ]
