"""Loading profiles, and following where their redirects lead."""

from collections.abc import Callable, Collection, Iterable, Sequence

from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.profiles.profile import REDIRECT, Profile
from attune.profiles.redirect import end_of
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.faults import Faults
from consumers.features.saves import Packed, Saving


class Followed:
    """Rows loaded, and where each asked-for profile's events go."""

    def __init__(
        self, sources: Collection[ProfileId], read: Callable[[ProfileId, Row], Profile]
    ) -> None:
        self.targets = {source: source for source in sources}
        self._read = read
        self._rows: dict[ProfileId, Row] = {}
        self._leading: dict[ProfileId, Profile] = {}
        """Those of which events go elsewhere, few; others are not looked into yet."""

    def take(self, profile: ProfileId, row: Row) -> None:
        """Take in a row that was loaded."""
        self._rows[profile] = row
        if REDIRECT in row.records:
            read = self._read(profile, row)
            if read.redirect is not None:
                self._leading[profile] = read

    def read(self, profile: ProfileId) -> Profile:
        """Return a profile as it was loaded: one for each call, unless its events go elsewhere."""
        return self._leading.get(profile) or self._read(profile, self._rows[profile])

    def target(self, source: ProfileId) -> Profile:
        """Return the profile that takes in the events of a source."""
        return self.read(self.targets[source])

    def all(self) -> list[Profile]:
        """Return every profile that was loaded."""
        return [self.read(profile) for profile in self._rows]

    @property
    def unfinished(self) -> list[Profile]:
        """Profiles frozen by a hand-over that was interrupted, or is going on elsewhere."""
        return [p for p in self._leading.values() if p.redirect and not p.redirect.done]

    @property
    def outdated(self) -> bool:
        """Whether a redirect was read just before another took its place."""
        led = {source: target for source, target in self.targets.items() if source != target}
        ends = {target: self.read(target) for target in set(led.values())}
        return any(ends[target].released(self.read(source)) for source, target in led.items())

    def step(self) -> set[ProfileId]:
        """Follow the redirects as far as is loaded; return what must be loaded to go on."""
        missing = set()
        for source in self.targets:
            if source in self._leading:
                end = self.targets[source] = self._end(source)
                if end not in self._rows:
                    missing.add(end)
        return missing

    def _end(self, source: ProfileId) -> ProfileId:
        way = [source]
        while (profile := self._leading.get(way[-1])) and profile.redirect:
            target = profile.redirect.target
            if target in way:
                return end_of(way, target)  # a circle: `finish` opens it there
            way.append(target)
        return end_of(way, None)


class Profiles:
    """Loads and saves profiles; rows without a redirect are kept for the next batch."""

    def __init__(
        self,
        store: OnlineStore,
        features: FeatureSet,
        beginning: Beginning,
        cache: Cache,
        faults: Faults,
    ) -> None:
        self._store = store
        self._features = features
        self._beginning = beginning
        self.cache = cache
        self._saving = Saving(store, cache, faults)

    async def follow(self, sources: Collection[ProfileId], *, fresh: bool = False) -> Followed:
        """Load each profile, and those where their redirects lead; `fresh`: as the store has them.

        What is found is no longer in the cache: `save` puts it back.
        """
        followed = Followed(sources, self._read)
        missing: Iterable[ProfileId] = sources
        while missing:
            unknown = []
            for profile in missing:
                row = self.cache.take(profile)
                if row is None or fresh:
                    unknown.append(profile)
                else:
                    followed.take(profile, row)
            if unknown:
                rows = await self._store.load(unknown)
                for profile in unknown:
                    followed.take(profile, rows[profile])
            missing = followed.step()
        return followed

    async def save(self, rows: Sequence[Packed]) -> set[str]:
        """See `Saving.save`."""
        return await self._saving.save(rows)

    def _read(self, profile: ProfileId, row: Row) -> Profile:
        return Profile(profile, row, self._features, complete=self._beginning.complete)
