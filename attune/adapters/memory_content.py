"""Twins in memory of what rests in PostgreSQL: as strict as the real ones."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attune.decide.content import Content, ContentStore, Noun, revised
from attune.ids import ProfileId
from attune.measure import BlockCount, MeasureStore, Shown
from attune.predict.store import ModelStore, StoredModel
from attune.profiles.record import Known, Learned, ProfileRecords, Sighting, Trait

if TYPE_CHECKING:
    from attune.profiles.redirect import Link


class MemoryContent(ContentStore):
    """Content in a field; every listener has a queue."""

    def __init__(self, content: Content | None = None) -> None:
        self._content = revised(content or Content(), Content())
        self._listeners: list[asyncio.Queue[Noun]] = []

    async def load(self) -> Content:
        """See `ContentStore.load`."""
        return self._content

    async def replace(self, content: Content, *, actor: str) -> None:
        """See `ContentStore.replace`."""
        del actor  # there is no audit in memory
        after = revised(content, self._content)
        if after != self._content:
            self._content = after
            self.tell("content")

    def tell(self, noun: Noun) -> None:
        """Say to every listener that something changed."""
        for heard in self._listeners:
            heard.put_nowait(noun)

    async def changes(self) -> AsyncIterator[Noun]:
        """See `ContentStore.changes`."""
        heard: asyncio.Queue[Noun] = asyncio.Queue()
        self._listeners.append(heard)
        try:
            yield "content"
            yield "models"
            while True:
                yield await heard.get()
        finally:
            self._listeners.remove(heard)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryModels(ModelStore):
    """Models in a list per name; the version is the place in it."""

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        self._models: dict[str, list[StoredModel]] = {}

    async def publish(self, name: str, onnx: bytes, metadata: dict[str, Any], *, actor: str) -> int:
        """See `ModelStore.publish`."""
        versions = self._models.setdefault(name, [])
        version = len(versions) + 1
        versions.append(StoredModel(name, version, False, self._clock(), metadata, onnx))
        await self.activate(name, version, actor=actor)
        return version

    async def activate(self, name: str, version: int, *, actor: str) -> bool:
        """See `ModelStore.activate`."""
        del actor  # there is no audit in memory
        versions = self._models.get(name, [])
        if not 1 <= version <= len(versions):
            return False
        self._models[name] = [replace(m, active=m.version == version) for m in versions]
        return True

    async def active(self) -> list[StoredModel]:
        """See `ModelStore.active`."""
        return [m for name in sorted(self._models) for m in self._models[name] if m.active]

    async def versions(self) -> list[StoredModel]:
        """See `ModelStore.versions`."""
        return [
            replace(model, onnx=b"")
            for name in sorted(self._models)
            for model in reversed(self._models[name])
        ]


class MemoryMeasures(MeasureStore):
    """Exposures by decision; counts are made when they are asked for."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}

    async def record(self, shown: Sequence[Shown]) -> int:
        """See `MeasureStore.record`."""
        before = len(self._shown)
        for one in shown:
            self._shown.setdefault(one.decision_id, one)
        return len(self._shown) - before

    async def counts(self) -> list[BlockCount]:
        """See `MeasureStore.counts`."""
        counted = Counter((one.slot, one.block) for one in self._shown.values())
        counts = [BlockCount(*key, shown) for key, shown in counted.items()]
        return sorted(counts, key=lambda each: (-each.shown, each.slot, each.block))


class MemoryRecords(ProfileRecords):
    """Profiles, links and traits in dicts; each the newest."""

    def __init__(self) -> None:
        self._seen: dict[ProfileId, Sighting] = {}
        self._traits: dict[tuple[ProfileId, str], Trait] = {}
        self._links: dict[ProfileId, Link] = {}

    async def learn(self, learned: Learned) -> None:
        """See `ProfileRecords.learn`."""
        for profile, sighting in learned.seen.items():
            seen = self._seen.get(profile)
            self._seen[profile] = seen | sighting if seen else sighting
        for key, trait in learned.traits.items():
            known = self._traits.get(key)
            if known is None or trait.when > known.when:
                self._traits[key] = trait
        for source, link in learned.links.items():
            before = self._links.get(source)
            if before is None or link.when > before.when:
                self._links[source] = link

    async def known(self, profile: ProfileId) -> Known | None:
        """See `ProfileRecords.known`."""
        seen = [self._seen[p] for p in self._whole(profile) if p in self._seen]
        if not seen:
            return None
        own = self._seen.get(profile)
        return Known(
            profile,
            own.user_id if own else None,
            min(sighting.first for sighting in seen),
            max(sighting.last for sighting in seen),
            self._traits_of({sighting.profile for sighting in seen}),
            tuple(sorted(s.profile for s in seen if s.profile != profile)),
        )

    def _whole(self, profile: ProfileId) -> set[ProfileId]:
        whole = {profile}
        while True:
            more = {source for source, link in self._links.items() if link.target in whole} - whole
            if not more:
                return whole
            whole |= more

    def _traits_of(self, profiles: set[ProfileId]) -> dict[str, Any]:
        said = [trait for trait in self._traits.values() if trait.profile in profiles]
        newest = {trait.name: trait for trait in sorted(said, key=lambda trait: trait.when)}
        return {
            name: newest[name].value for name in sorted(newest) if newest[name].value is not None
        }
