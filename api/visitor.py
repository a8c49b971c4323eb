"""What is known of one visitor at one moment: one read, then everything in memory."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from api.current import Current
from api.facts import OfModels, OfReading, OfUser
from api.play import InPlay, Play
from api.population import Population
from api.reading import Among, Reader, Reading, nobody
from api.selected import Selected
from attune.decide.decision import Decision
from attune.decide.facts import Facts
from attune.decide.rules import decide
from attune.errors import Unavailable
from attune.features.entities import ITEM, SESSION
from attune.features.feature_set import FeatureSet
from attune.features.view import Entity
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.predict.score import Memo, Score, Scorer
from attune.profiles.following import followed
from attune.profiles.found import Found
from attune.profiles.segments import Membership, segments_of

_NONE: Selected = MappingProxyType({})


class Visitor(Reading):
    """A profile read at `now` (ms since 1970), with the content and models of the same instant.

    Whatever is derived is derived when somebody asks, once.
    """

    __slots__ = (
        "_facts",
        "_known",
        "_new_id",
        "_rows",
        "_scored",
        "_segments",
        "asked",
        "current",
        "play",
    )

    def __init__(  # noqa: PLR0913 - all that an answer rests on
        self,
        kept: Found,
        features: FeatureSet,
        now: int,
        among: Among,
        *,
        asked: ProfileId,
        current: Current,
        new_id: Callable[[], str],
    ) -> None:
        super().__init__(kept, features, now, among)
        self.asked = asked
        self.current = current
        self.play: Play | None = None
        """What is in play beside them, where it was read."""
        self._new_id = new_id
        self._scored: dict[str, Score] = {}
        self._rows: Memo = {}
        self._known: Facts | None = None
        self._segments: tuple[Membership, ...] | None = None
        self._facts: Facts | None = None

    @property
    def profile(self) -> Found:
        """What is kept of them."""
        return self.kept

    def scores(self, names: Collection[str] | None = None) -> list[Score]:
        """Return one score a model, of all or of those named."""
        found = self.current.scorers
        return [self._score(each) for each in found if names is None or each.name in names]

    def score(self, name: str) -> float | None:
        """Return the value of the score of a name, None where nobody gives one."""
        score = self._scored.get(name)
        if score is None:
            scores = self.scores({name})
            return scores[0].value if scores else None
        return score.value

    def _score(self, scorer: Scorer) -> Score:
        name = scorer.name
        score = self._scored.get(name)
        if score is None:
            score = self._scored[name] = scorer.score(self.flat, self._rows)
        return score

    def _without_segments(self) -> Facts:
        if self._known is None:
            values: dict[str, Mapping[str, object]] = {
                "user": OfUser(self),
                "prediction": OfModels(self.score, self.current.scorers),
            }
            if play := self.play:
                values.update((name, OfReading(each)) for name, each in play.named)
            self._known = self.current.playbook.facts(values)
        return self._known

    def check(self) -> list[str]:
        """See `Reading.check`; with what is missing of what is in play."""
        self.views.check()
        return [*self.degraded, *self.play.missing()] if self.play else self.degraded

    @property
    def segments(self) -> tuple[Membership, ...]:
        """The segments the visitor is in, the primary one first."""
        if self._segments is None:
            criteria = self.current.playbook.segments
            self._segments = segments_of(criteria, self._without_segments())
        return self._segments

    @property
    def facts(self) -> Facts:
        """What rules are asked about."""
        if self._facts is None:
            names = [segment.name for segment in self.segments]
            self._facts = self._without_segments().in_segments(names)
        return self._facts

    def decide(self, slot: str) -> Decision:
        """Decide what this visitor sees in a slot."""
        return decide(
            self.current.playbook, slot, self.facts, decision_id=self._new_id(), at=self.now
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
    others: Mapping[str, Reader] = field(default_factory=dict)
    """Finds what can be in play, by its kind."""

    async def visitor(
        self,
        asked: ProfileId,
        now: int,
        in_play: InPlay | None = None,
        selected: Selected = _NONE,
    ) -> Visitor:
        """Return what is known under a profile id, wherever its redirects lead.

        What is in play comes in the same round trip, as far as the `selected` fields need it.

        A `now` (ms since 1970) before the visitor's latest event is taken for that event's time.
        """
        current = self.current()
        ids = in_play and in_play.looked_at(selected, current.playbook)
        if not ids:
            return (await self._visitors([asked], now, current))[0]
        # Items first: in a cluster, many of them are a step further from the wire.
        items, sessions, (visitor,) = await asyncio.gather(
            self._others(ITEM, ids.items, now),
            self._others(SESSION, ids.sessions, now),
            self._visitors([asked], now, current),
        )
        visitor.play = Play(sessions, items)
        return visitor

    async def _others(self, kind: Entity, ids: Sequence[str], now: int) -> Sequence[Reading]:
        reader = self.others.get(kind.name)
        return await reader.read_all(ids, now) if reader and ids else ()

    async def visitors(self, asked: Sequence[ProfileId], now: int) -> list[Visitor]:
        """Return what is known under each id, in their order: one round trip for all of them."""
        return await self._visitors(asked, now, self.current())

    async def _visitors(
        self, asked: Sequence[ProfileId], now: int, current: Current
    ) -> list[Visitor]:
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
        return [self._visitor(each, found[each], away, now, current) for each in asked]

    def _visitor(
        self, asked: ProfileId, profile: Found, away: str, now: int, current: Current
    ) -> Visitor:
        # Features are read at no moment before their latest event, and clocks of hosts differ.
        now = max(now, profile.last_seen)
        among = self.population.present if self.population else nobody
        visitor = Visitor(
            profile, self.features, now, among, asked=asked, current=current, new_id=self.new_id
        )
        if away or profile.broken:
            visitor.degrade("features", away or profile.broken)
        for part, reason in current.missing.items():
            visitor.degrade(part, reason)
        return visitor

    async def _load(self, ids: Collection[str]) -> Mapping[str, Found]:
        rows = await self.store.load(ids)
        return {each: Found(each, row, self.features) for each, row in rows.items()}
