"""What is known of one visitor at one moment: one read, then everything in memory."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.current import Current
from api.population import Population
from api.reading import Among, Reading, nobody
from attune.decide.decision import Decision
from attune.decide.facts import Facts
from attune.decide.rules import decide
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row
from attune.predict.score import Memo, Score, Scorer
from attune.profiles.following import followed
from attune.profiles.found import Found
from attune.profiles.segments import Membership, segments_of


class Visitor(Reading):
    """A profile read at `now` (ms since 1970), with the content and models of the same instant.

    Whatever is derived is derived when somebody asks, once.
    """

    __slots__ = ("_facts", "_known", "_new_id", "_rows", "_scored", "_segments", "asked", "current")

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
            values = {"user": _User(self), "prediction": _Predictions(self)}
            self._known = self.current.playbook.facts(values)
        return self._known

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


class _User(Mapping[str, object]):
    """The features as rules spell them, and the traits; only what a rule asks for is read."""

    __slots__ = ("_flat", "_spelled", "_traits")

    def __init__(self, visitor: Visitor) -> None:
        self._spelled = visitor.features.spelled
        self._flat = visitor.flat
        self._traits = visitor.kept.traits

    def __getitem__(self, name: str) -> object:
        return self._traits.plain() if name == "traits" else self._flat[self._spelled[name]]

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get` has it
        """Return the value of a feature, or of all traits."""
        # Not the one that is inherited: with it each rule's operand takes twice as long.
        if name == "traits":
            return self._traits.plain()
        field = self._spelled.get(name)
        return default if field is None else self._flat.get(field)

    def __iter__(self) -> Iterator[str]:
        yield from self._spelled
        yield "traits"

    def __len__(self) -> int:
        return len(self._spelled) + 1


class _Predictions(Mapping[str, float]):
    """The values of scores by their names; no model runs that no rule asks for."""

    __slots__ = ("_visitor",)

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def __getitem__(self, name: str) -> float:
        found = self._visitor.score(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get` has it
        """Return the value of a score."""
        found = self._visitor.score(name)
        return default if found is None else found

    def __iter__(self) -> Iterator[str]:
        return (scorer.name for scorer in self._visitor.current.scorers)

    def __len__(self) -> int:
        return len(self._visitor.current.scorers)


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
