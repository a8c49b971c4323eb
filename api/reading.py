"""What is known of one entity at one moment: one read, then everything in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from api.views import Flat, Ranked, Stored, Streamed, degrade
from attune.adapters.plain import Held, held
from attune.errors import Unavailable
from attune.features.feature import Value
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row
from attune.profiles.found import Found

View = Streamed | Stored | Ranked


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
    _views: dict[str, View] = field(default_factory=dict)

    def view(self, name: str) -> View:
        """Return a view or a rank by its name, with its fields as attributes."""
        found = self._views.get(name)
        if found is None:
            found = self._views[name] = self._view(name)
        return found

    def _view(self, name: str) -> View:
        if view := self.features.by_name.get(name):
            return Streamed(view, self.kept, self.now, self.degraded)
        if any(plain.name == name for plain in self.features.plain):
            return Stored(self.stored[name])
        for rank in self.features.ranks:
            if rank.name == name:
                own = self.kept.read(self.features.by_name[rank.own], self.now)
                return Ranked(rank.read(own, self.among(rank.among, self.now)))
        raise KeyError(name)

    @cached_property
    def stored(self) -> Mapping[str, Held]:
        """What each ordinary Feast view holds; what cannot be read counts as null."""
        row = self.kept.row.plain
        found = {view.name: held(view, row, self.now) for view in self.features.plain}
        for name, view in found.items():
            for reason in view.unreadable:
                self.degrade(f"features.{name}", reason)
        return found

    @property
    def flat(self) -> Mapping[str, Value]:
        """Every field of every view: what models are given, and rules."""
        return Flat(self.view, self.features.sources)

    def check(self) -> list[str]:
        """Decode all that is stored, and return what is missing of it and of other parts."""
        for view in self.features.views:
            found = self.view(view.name)
            if isinstance(found, Streamed):
                found.check()
        _ = self.stored
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
