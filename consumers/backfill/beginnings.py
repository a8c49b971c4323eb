"""What entities did before their kind was read: whole rows, made from the archive."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import structlog

from attune.adapters.archive.store import ArchiveStore
from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.features.folded import Raised
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row, Taken
from attune.profiles.kept import NOTHING, Arrived, Kept, arrived
from attune.profiles.profile import Profile
from attune.profiles.redirect import Link, links_of
from attune.stream import EVENTS, Position
from consumers.features.beginning import Beginning
from consumers.features.cache import Cache
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

    def fold(self, archived: Iterable[Taken], first: Mapping[tuple[str, int], int]) -> None:
        """Fold what lies before the live stream, in the order in which it happened.

        Raises:
            Raised: a feature broke on an event, and is to be skipped on it: begin again.
        """
        for taken in archived:
            place = (taken.position.topic, taken.position.partition)
            if taken.position.offset < first.get(place, 0):
                self._take(arrived(taken.event, taken.position))
                self.events += 1

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
        remember = one.event.id if self.features.entity.of_profiles else None
        kept.ledger.note(source, one.position, remember, one.received, one.at)
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


async def fill_beginnings(archive: ArchiveStore, store: OnlineStore, features: FeatureSet) -> Past:
    """Give every entity what it did before its kind was read; nothing where it always was.

    The archive must have all of it. Rows are written one by one: begun again, each that has its
    past already is left as it is.

    Raises:
        Unavailable: a server is away.
    """
    skips: Skips = {}
    first = await store.begun()
    while True:
        past = Past(features, skips)
        if not first:
            return past
        try:
            await asyncio.to_thread(past.fold, archive.taken(topics=EVENTS), first)
        except Raised:
            continue
        break
    ids = list(past.kept)
    for start in range(0, len(ids), _WRITTEN):
        await _write(store, features, past, ids[start : start + _WRITTEN])
    profiles = Profiles(store, features, Cache(0), Beginning(store))
    for link in past.went.values():
        await HandOver(profiles).run(link)
    await store.complete()
    return past


async def _write(
    store: OnlineStore, features: FeatureSet, past: Past, pending: Sequence[str]
) -> None:
    while pending:
        rows = await store.load(pending)
        live = [
            Profile(ProfileId(entity), row, features, complete=False)
            for entity, row in rows.items()
        ]
        changed = [each for each in live if _put_before(each, past.kept[each.id])]
        writes = [write for each in changed if (write := each.write())]
        refused = await store.save(writes)
        pending = [entity for entity in pending if entity in refused]


def _put_before(live: Profile, past: Profile) -> bool:
    """Put the past in front of what was folded since; False if it is there already."""
    begun = [name for name, seam in live.seams.items() if seam.from_start]
    if not begun:
        return False
    copied = Kept(past.id, Row(), past.features)
    copied.folded.merge(past.folded.copy())
    copied.ledger = past.ledger
    live.absorb(copied)
    if past.traits.values:
        live.learn(past.traits)
    live.begin(begun)
    return True
