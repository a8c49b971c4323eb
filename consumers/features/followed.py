"""Loading profiles, and following where their redirects lead."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import OnlineStore
from attune.profiles.profile import Profile
from attune.profiles.redirect import end_of
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.saves import Packed, save


@dataclass(slots=True)
class Followed:
    """Profiles loaded, and where each asked-for one's events go."""

    targets: dict[ProfileId, ProfileId]
    profiles: dict[ProfileId, Profile] = field(default_factory=dict)

    def target(self, source: ProfileId) -> Profile:
        """Return the profile that takes in the events of a source."""
        return self.profiles[self.targets[source]]

    @property
    def unfinished(self) -> list[Profile]:
        """Profiles frozen by a hand-over that was interrupted, or is going on elsewhere."""
        return [p for p in self.profiles.values() if p.redirect and not p.redirect.done]

    @property
    def outdated(self) -> bool:
        """Whether a redirect was read just before another took its place."""
        return any(
            self.profiles[target].released(self.profiles[source])
            for source, target in self.targets.items()
            if source != target
        )

    def step(self) -> set[ProfileId]:
        """Follow the redirects as far as is loaded; return what must be loaded to go on."""
        missing = set()
        for source in self.targets:
            profile = self.profiles.get(source)
            if profile is not None and profile.redirect is None:
                continue
            end = self.targets[source] = self._end(source)
            if end not in self.profiles:
                missing.add(end)
        return missing

    def _end(self, source: ProfileId) -> ProfileId:
        way = [source]
        while (profile := self.profiles.get(way[-1])) and profile.redirect:
            target = profile.redirect.target
            if target in way:
                return end_of(way, target)  # a circle: `finish` opens it there
            way.append(target)
        return end_of(way, None)


class Profiles:
    """Loads and saves profiles; those without a redirect stay decoded for the next batch."""

    def __init__(
        self,
        store: OnlineStore,
        features: FeatureSet,
        cache: Cache[Profile],
        beginning: Beginning,
    ) -> None:
        self._store = store
        self._features = features
        self._beginning = beginning
        self.cache = cache

    async def follow(self, sources: Collection[ProfileId], *, fresh: bool = False) -> Followed:
        """Load each profile, and those where their redirects lead; `fresh`: as the store has them.

        What is found is no longer in the cache: `save` puts it back.
        """
        followed = Followed({source: source for source in sources})
        missing: Iterable[ProfileId] = sources
        while missing:
            unknown = []
            for profile in missing:
                known = self.cache.take(profile)
                if known is None or fresh:
                    unknown.append(profile)
                else:
                    followed.profiles[profile] = known
            if unknown:
                rows = await self._store.load(unknown)
                complete = self._beginning.complete
                for profile in unknown:
                    followed.profiles[profile] = Profile(
                        profile, rows[profile], self._features, complete=complete
                    )
            missing = followed.step()
        return followed

    async def save(self, packed: Sequence[Packed[Profile]]) -> list[Profile]:
        """Write what has changed; return those that somebody else wrote meanwhile."""
        return await save(self._store, packed, self._keep)

    def _keep(self, profile: Profile) -> None:
        """Keep a profile as the store has it now, unless it leads elsewhere."""
        if profile.redirect is None:
            self.cache.put(profile)
