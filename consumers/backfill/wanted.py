"""Which rows have views that are not whole, and what they had taken in before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.profiles.profile import Profile
from attune.profiles.seam import Seam

_AT_ONCE = 1_000
"""Rows of one round trip."""


@dataclass(slots=True)
class Wanted:
    """Rows to fill, by id with the seam of each view.

    `begun` are those that also lack what was before their kind was read.
    """

    rows: dict[str, Mapping[str, Seam]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    seen: int = 0
    """Rows looked at."""


async def find(store: OnlineStore, features: FeatureSet) -> Wanted:
    """Look at every row of an entity kind.

    Raises:
        Unavailable: the store does not answer.
    """
    wanted = Wanted()
    met: set[str] = set()
    async for ids in store.ids():
        new = [each for each in ids if each not in met]
        met.update(new)
        for start in range(0, len(new), _AT_ONCE):
            for entity, row in (await store.load(new[start : start + _AT_ONCE])).items():
                _look(wanted, entity, row, features)
    wanted.seen = len(met)
    return wanted


def _look(wanted: Wanted, entity: str, row: Row, features: FeatureSet) -> None:
    if not row.version:
        return
    kept = Profile(ProfileId(entity), row, features)
    if kept.seams:
        wanted.rows[entity] = kept.seams
        if kept.missing:
            wanted.begun.add(entity)


def sources_of(rows: Mapping[str, Mapping[str, Seam]]) -> dict[ProfileId, list[str]]:
    """Return, by source, the rows that took in its events before a seam."""
    found: dict[ProfileId, list[str]] = {}
    for entity, seams in rows.items():
        for source in {source for seam in seams.values() for source in seam.sources}:
            found.setdefault(source, []).append(entity)
    return found


def furthest(seams: Iterable[Seam]) -> dict[tuple[str, int], int]:
    """Return the highest offset before any seam, by topic and partition."""
    found: dict[tuple[str, int], int] = {}
    for seam in seams:
        for (topic, partition), offset in seam.offsets():
            found[topic, partition] = max(offset, found.get((topic, partition), -1))
    return found
