"""Products, visits, and whatever else events are about: folded from what is new in a batch."""

from collections.abc import Awaitable, Collection, Iterable
from functools import partial

from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.features.folded import Raised
from attune.ports import OnlineStore, Row
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING, Kept
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.faults import Faults
from consumers.features.saves import Packed, Retries, Saving, in_portions

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
        self._cache = Cache(cached)
        self._saving = Saving(store, self._cache, faults)
        self.beginning = Beginning(store)

    async def fold(self, batch: Iterable[Arrived], retries: Awaitable[Retries]) -> None:
        """Fold the events into the entities they are about, and save those.

        All but the `retries`; what is needed is loaded before those are known.
        """
        await in_portions(self._parts(batch), partial(self._fold_all, retries))
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

    async def _fold_all(self, retries: Awaitable[Retries], pending: dict[str, Parts]) -> None:
        """Fold until nobody else was faster, and no feature broke."""
        rows = await self._rows(pending)
        again = _without(await retries, pending)
        while again:
            folded, broken = self._folded(again, rows)
            refused = await self._saving.save(folded)
            again = broken | {entity: again[entity] for entity in refused}
            rows = await self._rows(again)

    async def _rows(self, entities: Collection[str]) -> dict[str, Row]:
        """Return the entities as they are stored."""
        rows: dict[str, Row] = {}
        missing: list[str] = []
        for entity in entities:
            row = self._cache.take(entity)
            if row is None:
                missing.append(entity)
            else:
                rows[entity] = row
        if missing:
            rows.update(await self._store.load(missing))
        return rows

    def _folded(
        self, pending: dict[str, Parts], rows: dict[str, Row]
    ) -> tuple[list[Packed], dict[str, Parts]]:
        """Fold entities and pack each; return also those on which a feature broke.

        Not in `_fold_all`: in a compiled coroutine each variable is an attribute.
        """
        folded: list[Packed] = []
        broken: dict[str, Parts] = {}
        complete = self.beginning.complete
        for entity, parts in pending.items():
            kept = Kept(entity, rows[entity], self._features, complete=complete)
            if self._take(kept, parts):
                folded.append(Packed(kept))
            else:
                broken[entity] = parts
        return folded, broken

    def _take(self, kept: Kept, parts: Parts) -> bool:
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


def _without(retries: Retries, pending: dict[str, Parts]) -> dict[str, Parts]:
    """Return what is left without the retries."""
    if not retries:
        return pending
    left: dict[str, Parts] = {}
    for entity, parts in pending.items():
        new = [(one, part) for one, part in parts if one.position not in retries]
        if new:
            left[entity] = new
    return left
