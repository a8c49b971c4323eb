"""The consumer: profiles first, then what else the events are about."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from attune.features.feature import HOUR, Untakable
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Places, Refused, Taken
from attune.profiles.arrived import Arrived
from attune.profiles.redirect import LINKING, links_of
from attune.stream import EVENTS
from attune.telemetry import EVENTS_LATE
from consumers.features.entities import Entities
from consumers.features.faults import Faults
from consumers.features.saves import Retries, all_of
from consumers.features.users import Users

CACHED = 50_000
"""Rows of each kind that are kept between batches: 1 to 2 kB each."""

_LATE: Final = 24 * HOUR


@mypyc_attr(allow_interpreted_subclasses=True)
class Features:
    """Folds every event into the features and traits of the profile it belongs to.

    And into those of the other entities it is about: the first set is the users', each further one
    has a store of its own.
    """

    name: ClassVar[str] = "features"
    topics: ClassVar[tuple[str, ...]] = EVENTS
    linger: ClassVar[float] = 0.0

    def __init__(
        self,
        users: tuple[OnlineStore, FeatureSet],
        *others: tuple[OnlineStore, FeatureSet],
        cached: int = CACHED,
    ) -> None:
        faults = Faults()
        self._users = Users(*users, faults, cached)
        self._others = [Entities(store, features, faults, cached) for store, features in others]
        self._checks = [
            feature.check
            for _, features in (users, *others)
            for feature in features.features
            if feature.checks
        ]
        self._late = EVENTS_LATE.labels(self.name)
        self._beginnings = [self._users.beginning, *(other.beginning for other in self._others)]

    async def joins(self, expected: Places) -> None:
        """See `Consumer.joins`."""
        for beginning in self._beginnings:
            await beginning.join(expected)
        self._users.forget()
        for other in self._others:
            other.forget()

    async def begins(self, first: Places) -> None:
        """See `Consumer.begins`."""
        for beginning in self._beginnings:
            await beginning.note(first)

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        taken = [Arrived(one.event, one.position) for one in batch]
        refused: Sequence[Refused] = ()
        if self._checks:
            taken, refused = self._checked(taken)
        for beginning in self._beginnings:
            await beginning.note({})
        # Together: while the store works on rows of one kind, those of another are folded.
        users = asyncio.create_task(self._users.fold(taken))
        await all_of([users, *(other.fold(taken, users) for other in self._others)])
        retries = users.result()
        for one in taken:
            if one.act in LINKING:
                for link in links_of(one.event):
                    await self._users.hand_over(link)
        self._count_late(taken, retries)
        return refused

    def _checked(self, taken: Sequence[Arrived]) -> tuple[list[Arrived], list[Refused]]:
        """Put apart what a feature cannot take, before anything is folded of it."""
        fine, refused = [], []
        for one in taken:
            try:
                for check in self._checks:
                    check(one.event)
            except Untakable as error:
                refused.append(Refused(one.position, str(error)))
            else:
                fine.append(one)
        return fine, refused

    def _count_late(self, taken: Sequence[Arrived], retries: Retries) -> None:
        late = 0
        for one in taken:
            if one.received * 1000 - one.at > _LATE and one.position not in retries:
                late += 1
        if late:
            self._late.inc(late)
