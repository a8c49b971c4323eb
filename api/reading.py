"""What is known of one entity at one moment: one read, then everything in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from attune.adapters.plain import Held, held
from attune.errors import Unavailable
from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row
from attune.profiles.found import Found
from attune.telemetry import DEGRADED


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
    def values(self) -> Mapping[str, Mapping[str, Value]]:
        """Each view's fields, evaluated at `now`; a state that cannot be read counts as empty."""
        return {view.name: self._read(view.name) for view in self.features.views}

    def _read(self, name: str) -> Mapping[str, Value]:
        view = self.features.by_name[name]
        if view.state_name in self.kept.seams:
            self.degrade(f"features.{name}", "not filled from the archive yet: `attune backfill`")
            return {field.name: None for field in view.fields}
        values = self.kept.read(view, self.now)
        if reason := self.kept.lost.get(view.state_name):
            self.degrade(f"features.{name}", reason)
        return values

    @cached_property
    def stored(self) -> Mapping[str, Held]:
        """What each ordinary Feast view holds; what cannot be read counts as null."""
        row = self.kept.row.plain
        found = {view.name: held(view, row, self.now) for view in self.features.plain}
        for name, view in found.items():
            for reason in view.unreadable:
                self.degrade(f"features.{name}", reason)
        return found

    @cached_property
    def ranked(self) -> Mapping[str, Mapping[str, Value]]:
        """Where the entity stands among all, by what says so."""
        return {
            rank.name: rank.read(self.values[rank.own], self.among.get(rank.among, {}))
            for rank in self.features.ranks
        }

    @cached_property
    def flat(self) -> dict[str, Value]:
        """Every field of every view: what models are given, and rules."""
        stored = (view.values for view in self.stored.values())
        views = (*self.values.values(), *stored, *self.ranked.values())
        return {name: value for fields in views for name, value in fields.items()}

    def newest(self, name: str) -> int:
        """Return the time of the latest event in a view, ms since 1970; 0 if there was none."""
        return self.kept.newest(self.features.by_name[name])

    def degrade(self, part: str, reason: str) -> None:
        """Say in the answer that a part is missing, and why."""
        DEGRADED.labels(part).inc()
        self.degraded.append(f"{part}: {reason}")


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
