"""What is known of one entity at one moment: one read, then everything in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from api.views import Flat, Views, degrade
from attune.errors import Unavailable
from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row
from attune.profiles.found import Found


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An entity's features, evaluated at `now` (ms since 1970) when somebody asks, once."""

    kept: Found
    features: FeatureSet
    now: int
    among: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Values of the population, by view."""
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
            found = Found(entity, (await self.store.load([entity]))[entity], self.features)
        except (Unavailable, CorruptState) as error:
            away = str(error)
            found = Found(entity, Row(), self.features)
        now = max(now, found.last_seen)  # see `Reception.visitor`
        reading = Reading(kept=found, features=self.features, now=now)
        if away:
            reading.degrade("features", away)
        return reading
