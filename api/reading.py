"""What is known of one entity at one moment: one read, then everything in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from api.views import Flat, Views, degrade
from attune.errors import Unavailable
from attune.features.feature import Value
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row
from attune.profiles.found import Found


def nobody(_view: str, _now: int) -> Mapping[str, Value]:
    """Return the values of a population that is not known: nobody is ranked."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An entity's features, evaluated at `now` (ms since 1970) when somebody asks, once."""

    kept: Found
    features: FeatureSet
    now: int
    among: Callable[[str, int], Mapping[str, Value]] = nobody
    """Values of the population, by view and moment."""
    degraded: list[str] = field(default_factory=list)

    @cached_property
    def views(self) -> Views:
        """Views and ranks, each evaluated when it is asked for."""
        return Views(self.kept, self.features, self.now, self.among, self.degraded)

    @cached_property
    def flat(self) -> Flat:
        """Every field of every view: what models are given, and rules."""
        return Flat(self.views)

    def check(self) -> list[str]:
        """Decode all that is stored, and return what is missing of it and of other parts."""
        self.views.check()
        return self.degraded

    def degrade(self, part: str, reason: str) -> None:
        """Say in the answer that a part is missing, and why."""
        degrade(self.degraded, part, reason)


@dataclass(frozen=True, slots=True)
class Reader:
    """Finds entities of one kind other than users: products, visits.

    Where the store is away or a record cannot be read, it answers as for one never seen, and says
    so.
    """

    store: OnlineStore
    features: FeatureSet

    async def read(self, entity: str, now: int) -> Reading:
        """Return what is known of an entity at `now`, or at its latest event if that is later."""
        away = ""
        try:
            row = (await self.store.load([entity]))[entity]
        except Unavailable as error:
            row, away = Row(), str(error)
        found = Found(entity, row, self.features)
        now = max(now, found.last_seen)  # see `Reception.visitor`
        reading = Reading(kept=found, features=self.features, now=now)
        if away or found.broken:
            reading.degrade("features", away or found.broken)
        return reading
