"""What entities did before their kind was read: whole rows, made from the archive."""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from attune.adapters.archive.store import ArchiveStore
from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.features.folded import Raised
from attune.ids import ProfileId
from attune.ports import OnlineStore, Places, Row, Taken
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING
from attune.profiles.profile import Profile
from attune.profiles.redirect import Link, links_of
from attune.stream import EVENTS, Position
from consumers.backfill.wanted import find
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
from consumers.features.faults import Faults
from consumers.features.followed import Profiles
from consumers.features.handover import HandOver

_log = structlog.get_logger()

_WRITTEN = 500
"""Rows of one round trip."""

Skips = dict[tuple[str, Position], frozenset[int]]


class Past:
    """Entities as they were where the live stream began, by id.

    Users who were linked are one here already; `went` says who went where, for what comes since.
    """

    def __init__(self, features: FeatureSet, skips: Skips) -> None:
        self.features = features
        self.kept: dict[str, Profile] = {}
        self.went: dict[ProfileId, Link] = {}
        self.events = 0
        self._skips = skips

    def fold(self, archived: Iterable[Taken], first: Places) -> None:
        """Fold what lies before the live stream, in the order in which it happened.

        Raises:
            Raised: a feature broke on an event, and is to be skipped on it: begin again.
        """
        for taken in archived:
            place = (taken.position.topic, taken.position.partition)
            if taken.position.offset < first.get(place, 0):
                self._take(Arrived(taken.event, taken.position))
                self.events += 1

    def give(self, live: Profile) -> None:
        """Put the pasts that a row lacks in front of what was folded there since."""
        found = [self.kept[entity] for entity in sorted(live.missing) if entity in self.kept]
        for past in found:
            if past.traits.values:
                live.learn(past.traits)
        live.begin(past.copy() for past in found)

    def _take(self, one: Arrived) -> None:
        if not self.features.entity.of_profiles:
            for entity, part in self.features.entity.slices(one.event):
                self._note(entity, ProfileId(entity), one, part)
            return
        for link in links_of(one.event):
            self._join(link)
        who = self._end(one.profile)
        self._note(who, one.profile, one, one.event)
        if one.event.traits and one.event.type == "identify":
            self.kept[who].traits.take(one.event)

    def _note(self, entity: str, source: ProfileId, one: Arrived, part: Event) -> None:
        kept = self.kept.get(entity)
        if kept is None:
            kept = self.kept[entity] = Profile(ProfileId(entity), Row(), self.features)
        kept.ledger.note(source, one, id_too=self.features.entity.of_profiles)
        skipped = self._skips.get((entity, one.position), NOTHING)
        try:
            kept.folded.update(one.act, part, one.at, skipped)
        except Raised as raised:
            self._skips[entity, one.position] = skipped | {raised.number}
            _log.exception("backfill.raised", feature=str(raised), event=one.event.id)
            raise

    def _join(self, link: Link) -> None:
        known = self.went.get(link.source)
        target = self._end(link.target)
        if target == link.source or (known and known.when >= link.when):
            return
        self.went[link.source] = Link(link.source, target, link.when)
        if source := self.kept.pop(link.source, None):
            into = self.kept.get(target)
            if into is None:
                into = self.kept[target] = Profile(target, Row(), self.features)
            into.take_over(source, link)

    def _end(self, profile: ProfileId) -> ProfileId:
        while link := self.went.get(profile):
            profile = link.target
        return profile


class Beginnings:
    """Gives entities what they did before their kind was read; nothing where it always was.

    A row says whose past it lacks, its own or also that of others that became it, and is given
    just that in one guarded write: so it may be interrupted and begun again.
    """

    def __init__(
        self, archive: ArchiveStore, store: OnlineStore, features: FeatureSet, first: Places
    ) -> None:
        self._archive = archive
        self._store = store
        self._features = features
        self._first = first
        self._past: Past | None = None

    async def fill(self) -> Past:
        """Fill all rows, and make those that nobody has made since.

        The archive must have everything up to where the kind was begun.

        Raises:
            Emptied: the store was emptied meanwhile.
            Unavailable: a server is away.
        """
        while begun := (await find(self._store, self._features)).begun:
            await self.give(begun)
        # Who has no row has done nothing since, and became nobody: or a row would lack their past.
        past = await self._folded()
        await self.give(past.kept)
        profiles = Profiles(self._store, self._features, Beginning(self._store), Cache(0), Faults())
        for link in past.went.values():
            await HandOver(profiles).run(link)
        await self._store.complete()
        return past

    async def give(self, entities: Iterable[str]) -> None:
        """Give rows the pasts that they lack; one that lacks none stays as it is.

        Raises:
            Unavailable: a server is away.
        """
        past = await self._folded()
        ordered = sorted(entities)
        for start in range(0, len(ordered), _WRITTEN):
            pending = ordered[start : start + _WRITTEN]
            while pending:
                pending = await self._give(past, pending)

    async def _give(self, past: Past, pending: Sequence[str]) -> list[str]:
        """Return those that somebody else wrote meanwhile."""
        rows = await self._store.load(pending)
        live = [
            Profile(ProfileId(entity), row, self._features, complete=False)
            for entity, row in rows.items()
        ]
        lacking = [each for each in live if each.missing]
        for each in lacking:
            past.give(each)
        refused = await self._store.save([write for each in lacking if (write := each.write())])
        return [entity for entity in pending if entity in refused]

    async def _folded(self) -> Past:
        if self._past is None:
            self._past = await _folded(self._archive, self._features, self._first)
        return self._past


async def _folded(archive: ArchiveStore, features: FeatureSet, first: Places) -> Past:
    skips: Skips = {}
    while True:
        past = Past(features, skips)
        try:
            await asyncio.to_thread(past.fold, archive.taken(topics=EVENTS), first)
        except Raised:
            continue
        return past
