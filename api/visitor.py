"""What is known of one visitor at one moment: one read, then everything in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from api.current import Current
from api.population import Population
from api.reading import Reading
from attune.decide.decision import Decision
from attune.decide.facts import Facts
from attune.decide.rules import decide
from attune.errors import Unavailable
from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.features.spelling import camel
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.predict.score import Score
from attune.profiles.found import Found
from attune.profiles.redirect import end_of
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
        away = ""
        try:
            profile = await self._follow(asked)
        except (Unavailable, CorruptState) as error:
            away = str(error)
            profile = Found(asked, Row(), self.features)
        current = self.current()
        # Features are read at no moment before their latest event, and clocks of hosts differ.
        now = max(now, profile.last_seen)
        visitor = Visitor(
            kept=profile,
            among=await self._among(now),
            features=self.features,
            now=now,
            asked=asked,
            current=current,
            new_id=self.new_id,
        )
        if away:
            visitor.degrade("features", away)
        for part, reason in current.missing.items():
            visitor.degrade(part, reason)
        return visitor

    async def _among(self, now: int) -> Mapping[str, Mapping[str, Value]]:
        if self.population is None:
            return {}
        views = {rank.among for rank in self.features.ranks}
        return {view: await self.population.values(view, now) for view in views}

    async def _follow(self, asked: ProfileId) -> Found:
        found: dict[ProfileId, Found] = {}
        at: ProfileId | None = asked
        while at and at not in found:
            found[at] = Found(at, (await self.store.load([at]))[at], self.features)
            redirect = found[at].redirect
            at = redirect.target if redirect else None
        return found[end_of(list(found), at)]
