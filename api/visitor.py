"""What is known of one visitor at one moment: one read, then everything in memory."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from api.current import Current
from api.population import Population
from api.reading import Reading, nobody
from attune.decide.decision import Decision
from attune.decide.facts import Facts
from attune.decide.rules import decide
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.features.spelling import camel
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.predict.score import Score
from attune.profiles.following import followed
from attune.profiles.found import Found
from attune.profiles.segments import Membership, segments_of


@dataclass(frozen=True, kw_only=True)
class Visitor(Reading):
    """A profile read at `now` (ms since 1970), with the content and models of the same instant.

    Whatever is derived is derived when somebody asks, once.
    """

    asked: ProfileId
    current: Current
    new_id: Callable[[], str]

    @property
    def profile(self) -> Found:
        """What is kept of them."""
        return self.kept

    @cached_property
    def scores(self) -> list[Score]:
        """One score a model."""
        return [scorer.score(self.flat) for scorer in self.current.scorers]

    @cached_property
    def _known(self) -> Facts:
        user: dict[str, Any] = {camel(name): value for name, value in self.flat.items()}
        user["traits"] = self.profile.traits.plain()
        predictions = {score.name: score.value for score in self.scores}
        return self.current.playbook.facts({"user": user, "prediction": predictions})

    @cached_property
    def segments(self) -> tuple[Membership, ...]:
        """The segments the visitor is in, the primary one first."""
        return segments_of(self.current.playbook.segments, self._known)

    @cached_property
    def facts(self) -> Facts:
        """What rules are asked about."""
        return self._known.in_segments([segment.name for segment in self.segments])

    def decide(self, slot: str) -> Decision:
        """Decide what this visitor sees in a slot."""
        return decide(
            self.current.playbook, slot, self.facts, decision_id=self.new_id(), at=self.now
        )


@dataclass(frozen=True, slots=True)
class Reception:
    """Finds visitors.

    Where the store is away or a record cannot be read, it answers with an empty profile, and says
    so.
    """

    store: OnlineStore
    features: FeatureSet
    current: Callable[[], Current]
    new_id: Callable[[], str]
    population: Population | None = None
    """Where it is not known, nobody is ranked."""

    async def visitor(self, asked: ProfileId, now: int) -> Visitor:
        """Return what is known under a profile id, wherever its redirects lead.

        A `now` (ms since 1970) before the visitor's latest event is taken for that event's time.
        """
        return (await self.visitors([asked], now))[0]

    async def visitors(self, asked: Sequence[ProfileId], now: int) -> list[Visitor]:
        """Return what is known under each id, in their order: one round trip for all of them."""
        away = ""
        people = self.population
        # In the same round trip, where it is read anew.
        waiting = asyncio.create_task(people.refresh(now)) if people and people.stale else None
        try:
            found = await followed(asked, self._load)
        except Unavailable as error:
            away = str(error)
            found = {each: Found(each, Row(), self.features) for each in asked}
        if waiting:
            await waiting
        return [self._visitor(each, found[each], away, now) for each in asked]

    def _visitor(self, asked: ProfileId, profile: Found, away: str, now: int) -> Visitor:
        current = self.current()
        # Features are read at no moment before their latest event, and clocks of hosts differ.
        now = max(now, profile.last_seen)
        visitor = Visitor(
            kept=profile,
            features=self.features,
            now=now,
            asked=asked,
            current=current,
            new_id=self.new_id,
            among=self.population.values if self.population else nobody,
        )
        if away or profile.broken:
            visitor.degrade("features", away or profile.broken)
        for part, reason in current.missing.items():
            visitor.degrade(part, reason)
        return visitor

    async def _load(self, ids: Collection[str]) -> Mapping[str, Found]:
        rows = await self.store.load(ids)
        return {each: Found(each, row, self.features) for each, row in rows.items()}
