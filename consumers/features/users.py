"""Profiles: each event into the one it belongs to, wherever redirects lead."""

from collections.abc import Iterable, Sequence
from functools import partial

from attune.features.feature_set import FeatureSet
from attune.features.folded import Raised
from attune.ids import ProfileId
from attune.ports import OnlineStore
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING
from attune.profiles.ledger import RETRY
from attune.profiles.profile import Profile
from attune.profiles.redirect import Link
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.faults import Faults
from consumers.features.followed import Followed, Profiles
from consumers.features.handover import HandOver
from consumers.features.saves import Packed, Retries, in_portions

Events = dict[ProfileId, list[Arrived]]
"""By the profile under whose key they came."""


class Users:
    """Folds events into profiles, and hands profiles over."""

    def __init__(
        self, store: OnlineStore, features: FeatureSet, faults: Faults, cached: int
    ) -> None:
        self.beginning = Beginning(store)
        self._profiles = Profiles(store, features, self.beginning, Cache(cached), faults)
        self._hand_over = HandOver(self._profiles)
        self._name = features.entity.name
        self._faults = faults

    async def fold(self, batch: Sequence[Arrived]) -> Retries:
        """Fold each event in that was not before, and save.

        Returns:
            Where the events lay that a client has sent a second time.
        """
        retries: Retries = set()
        pending: Events = {}
        for one in batch:
            events = pending.get(one.profile)
            if events is None:
                pending[one.profile] = [one]
            else:
                events.append(one)
        await in_portions(pending, partial(self._fold_all, retries))
        self._profiles.cache.trim()
        return retries

    def forget(self) -> None:
        """Let go of what was read; the store may be another one now."""
        self._profiles.cache.clear()

    async def hand_over(self, link: Link) -> None:
        """Give everything of the link's source to its target, exactly once."""
        await self._hand_over.run(link)

    async def _fold_all(self, retries: Retries, pending: Events) -> None:
        while pending:
            pending = await self._fold(pending, retries)

    async def _fold(self, pending: Events, retries: Retries) -> Events:
        """Fold once; return the events of profiles that somebody else wrote meanwhile."""
        followed = await self._profiles.follow(pending)
        if followed.unfinished or followed.outdated:
            for frozen in followed.unfinished:
                await self._hand_over.finish(frozen)
            return pending
        by_target: dict[ProfileId, list[ProfileId]] = {}
        for source in pending:
            by_target.setdefault(followed.targets[source], []).append(source)
        folded, again = self._folded(followed, by_target, pending, retries)
        again += map(ProfileId, await self._profiles.save(folded))
        return {source: pending[source] for target in again for source in by_target[target]}

    def _folded(
        self,
        followed: Followed,
        by_target: dict[ProfileId, list[ProfileId]],
        pending: Events,
        retries: Retries,
    ) -> tuple[list[Packed], list[ProfileId]]:
        """Fold profile by profile and pack each; return also those on which a feature broke.

        Not in `_fold`: in a compiled coroutine each variable is an attribute.
        """
        folded: list[Packed] = []
        broken: list[ProfileId] = []
        for target, sources in by_target.items():
            profile = followed.read(target)
            if self._take(profile, sources, pending, retries):
                folded.append(Packed(profile))
            else:
                broken.append(target)
        return folded, broken

    def _take(
        self,
        profile: Profile,
        sources: Iterable[ProfileId],
        pending: Events,
        retries: Retries,
    ) -> bool:
        """Fold a profile's events; False if a feature broke, so that all has to be done again."""
        faults = self._faults
        known = faults.known  # mostly none, so that nothing is looked up
        for source in sources:
            for one in pending[source]:
                skipped = faults.skipped(self._name, one) if known else NOTHING
                try:
                    verdict = profile.take(source, one, skipped)
                except Raised as raised:
                    faults.note(self._name, one, raised)
                    return False
                if verdict is RETRY:
                    retries.add(one.position)
        return True
