"""Events become features: load, fold, save, guarded against whoever writes at the same time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain

import structlog

from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import OnlineStore, Refused, Taken
from attune.profiles.profile import Profile
from attune.profiles.redirect import Link, end_of, links_of
from attune.stream import EVENTS

_log = structlog.get_logger()


class Features:
    """Folds every event into the features and traits of the profile it belongs to."""

    name = "features"
    topics = EVENTS
    linger = 0.0

    def __init__(self, store: OnlineStore, features: FeatureSet) -> None:
        self._store = store
        self._features = features

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        pending = list(batch)
        while pending:
            pending = await self._fold(pending)
        for link in chain.from_iterable(links_of(taken.event) for taken in batch):
            await self._hand_over(link)
        return ()

    async def _fold(self, batch: Sequence[Taken]) -> list[Taken]:
        """Fold once; return the events of profiles that somebody else wrote meanwhile."""
        whole = await self._follow({taken.event.profile for taken in batch})
        for frozen in whole.unfinished:
            await self._finish(frozen)
        if whole.unfinished or whole.outdated:
            return list(batch)
        for taken in batch:
            source = taken.event.profile
            whole.target(source).take(source, taken.position, taken.event)
        changed = [profile for profile in whole.profiles.values() if profile.changed]
        refused = await self._save(changed)
        return [taken for taken in batch if whole.target(taken.event.profile).id in refused]

    async def _follow(self, sources: Collection[ProfileId]) -> "_Followed":
        """Load each profile, and those where their redirects lead."""
        followed = _Followed({source: source for source in sources})
        missing = set(sources)
        while missing:
            rows = await self._store.load(missing)
            followed.profiles |= {p: Profile(p, row, self._features) for p, row in rows.items()}
            missing = followed.step()
        return followed

    async def _hand_over(self, link: Link) -> None:
        """Give everything of the link's source to its target, exactly once.

        Three guarded writes: freeze the source behind a redirect, let the target absorb it, clear
        the source. A crash after any of them is finished by whoever next sees the source.
        """
        while True:
            followed = await self._follow({link.source, link.target})
            source, target = followed.profiles[link.source], followed.target(link.target)
            redirect = source.redirect
            if redirect is not None and not redirect.done:
                await self._finish(source)
            elif target.id == source.id or (redirect and redirect.when >= link.when):
                return
            else:
                source.freeze(Link(source.id, target.id, link.when))
                await self._save([source])

    async def _finish(self, source: Profile) -> None:
        """Bring a frozen profile to where its redirect points; a refused write is tried again."""
        if source.redirect is None or not await self._release(source):
            return
        into, when = source.redirect.target, source.redirect.when
        followed = await self._follow({into})
        target = followed.target(into)
        if target.id == source.id:
            source.thaw()
        elif any(profile.has_absorbed(source) for profile in followed.profiles.values()):
            source.clear()  # who has it will hand it on to the target with all else
        else:
            target.absorb(source, Link(source.id, target.id, when))
            await self._save([target])
            return
        await self._save([source])

    async def _release(self, source: Profile) -> bool:
        """Learn what was taken in for a frozen profile where its events went before.

        From then on nothing more is. False if somebody else was writing there: try again.
        """
        if source.redirect is None or (before := source.redirect.before) is None:
            return True
        followed = await self._follow({before})
        end = followed.target(before)
        if not end.has_absorbed(source):
            end.release(Link(source.id, source.redirect.target, source.redirect.when))
            if await self._save([end]):
                return False
        for profile in followed.profiles.values():
            source.ledger.recall(profile.ledger, source.id)
        return True

    async def _save(self, profiles: Sequence[Profile]) -> set[ProfileId]:
        for profile in profiles:
            for reason in profile.lost:
                _log.error("features.state_begins_anew", profile=profile.id, reason=reason)
        return await self._store.save([profile.write() for profile in profiles])


@dataclass(slots=True)
class _Followed:
    """Profiles loaded, and where each asked-for one's events go."""

    targets: dict[ProfileId, ProfileId]
    profiles: dict[ProfileId, Profile] = field(default_factory=dict)

    def target(self, source: ProfileId) -> Profile:
        return self.profiles[self.targets[source]]

    @property
    def unfinished(self) -> list[Profile]:
        """Profiles frozen by a hand-over that was interrupted, or is going on elsewhere."""
        return [p for p in self.profiles.values() if p.redirect and not p.redirect.done]

    @property
    def outdated(self) -> bool:
        """Whether a redirect was read just before another took its place."""
        return any(self.target(source).released(self.profiles[source]) for source in self.targets)

    def step(self) -> set[ProfileId]:
        """Follow the redirects as far as is loaded; return what must be loaded to go on."""
        for source in self.targets:
            self.targets[source] = self._end(source)
        return set(self.targets.values()) - self.profiles.keys()

    def _end(self, source: ProfileId) -> ProfileId:
        way = [source]
        while (profile := self.profiles.get(way[-1])) and profile.redirect:
            target = profile.redirect.target
            if target in way:
                return end_of(way, target)  # a circle: `_finish` opens it there
            way.append(target)
        return end_of(way, None)
