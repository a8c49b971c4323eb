"""Products, visits, and whatever else events are about: folded from what is new in a batch."""

from collections.abc import Iterable, Mapping, Sequence

from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.features.folded import Raised
from attune.ports import OnlineStore, Row
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING, Kept
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.faults import Faults, tell_lost

Parts = list[tuple[Arrived, Event]]
"""Events in the order of their offsets, each with the part that is about one entity."""


class Entities:
    """One kind of entity.

    Several consumers may write to one product at the same time, because events are spread over
    partitions by visitor. Each remembers there how far it has read its partitions, and whoever is
    refused reads again: so every event counts once.
    """

    def __init__(
        self, store: OnlineStore, features: FeatureSet, faults: Faults, cached: int
    ) -> None:
        self._store = store
        self._features = features
        self._name = features.entity.name
        self._faults = faults
        self._cache: Cache[Kept] = Cache(cached)
        self.beginning = Beginning(store)

    async def fold(self, batch: Iterable[Arrived]) -> None:
        """Fold the events into the entities they are about, and save those."""
        pending = self._parts(batch)
        while pending:
            pending = await self._fold(pending)
        self._cache.trim()

    def forget(self) -> None:
        """Let go of what was read; the store may be another one now."""
        self._cache.clear()

    def _parts(self, batch: Iterable[Arrived]) -> dict[str, Parts]:
        slices = self._features.entity.slices
        plans = self._features.plans
        parts: dict[str, Parts] = {}
        for one in batch:
            if plans[one.act].steps:
                for entity, part in slices(one.event):
                    known = parts.get(entity)
                    if known is None:
                        parts[entity] = [(one, part)]
                    else:
                        known.append((one, part))
        return parts

    async def _fold(self, pending: Mapping[str, Parts]) -> dict[str, Parts]:
        """Fold once; return what somebody else was faster with, or a feature broke on."""
        kept = await self._load(pending)
        again = {
            entity: parts
            for entity, parts in pending.items()
            if not self._take(kept[entity], parts)
        }
        whole = [each for entity, each in kept.items() if entity not in again]
        writes = [write for each in whole if (write := each.write())]
        written = {write.id for write in writes}
        refused = await self._store.save(writes) if writes else set()
        for each in whole:
            if each.has_lost:
                tell_lost(each)
            if each.id in refused:
                again[each.id] = pending[each.id]
            else:
                if each.id in written:  # else the row is at the version that it was read at
                    each.saved()
                self._cache.put(each)
        return again

    def _take(self, kept: Kept, parts: Sequence[tuple[Arrived, Event]]) -> bool:
        """Fold an entity's events; False if a feature broke, so that all has to be done again."""
        faults = self._faults
        known = faults.known  # mostly none, so that nothing is looked up
        for one, part in parts:
            skipped = faults.skipped(self._name, one) if known else NOTHING
            try:
                kept.pass_on(one, part, skipped)
            except Raised as raised:
                faults.note(self._name, one, raised)
                return False
        return True

    def _kept(self, entity: str, row: Row) -> Kept:
        return Kept(entity, row, self._features, complete=self.beginning.complete)

    async def _load(self, wanted: Iterable[str]) -> dict[str, Kept]:
        found = {entity: self._cache.take(entity) for entity in wanted}
        missing = [entity for entity, kept in found.items() if kept is None]
        rows = await self._store.load(missing) if missing else {}
        return {
            entity: known or self._kept(entity, rows[entity]) for entity, known in found.items()
        }
