"""What is known of one entity at one moment: one read, then everything in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from api.views import Flat, Views, degrade
from attune.errors import Unavailable
from attune.features.feature import Value
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row
from attune.profiles.found import Found


def nobody(_view: str, _now: int) -> Mapping[str, Value]:
    """Return the values of a population that is not known: nobody is ranked."""
    return {}


Among = Callable[[str, int], Mapping[str, Value]]
"""Values of the population, by view and moment."""


class Reading:
    """An entity's features, evaluated at `now` (ms since 1970) when somebody asks, once.

    No dataclass, and nothing cached by a decorator: every answer makes one, at a third of the time.
    """

    __slots__ = ("degraded", "features", "flat", "kept", "now", "views")

    def __init__(self, kept: Found, features: FeatureSet, now: int, among: Among = nobody) -> None:
        self.kept = kept
        self.features = features
        self.now = now
        self.degraded: list[str] = []
        self.views = Views(kept, features, now, among, self.degraded)
        """Views and ranks, each evaluated when it is asked for."""
        self.flat = Flat(self.views)
        """Every field of every view: what models are given, and rules."""

    def check(self) -> list[str]:
        """Decode all that is stored, and return what is missing of it and of other parts."""
        self.views.check()
        return self.degraded

    def degrade(self, part: str, reason: str) -> None:
        """Say in the answer that a part is missing, and why."""
        degrade(self.degraded, part, reason)


_NO_ROW = Row()


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
        return (await self.read_all([entity], now))[0]

    async def read_all(self, entities: Sequence[str], now: int) -> list[Reading]:
        """Return what is known of each, in their order, however often one comes: one round trip."""
        rows: Mapping[str, Row] = {}
        away = ""
        try:
            rows = await self.store.load(dict.fromkeys(entities))
        except Unavailable as error:
            away = str(error)
        found = {
            each: self._reading(each, rows.get(each, _NO_ROW), away, now)
            for each in dict.fromkeys(entities)
        }
        return [found[each] for each in entities]

    def _reading(self, entity: str, row: Row, away: str, now: int) -> Reading:
        found = Found(entity, row, self.features)
        now = max(now, found.last_seen)  # see `Reception.visitor`
        reading = Reading(found, self.features, now)
        if away or found.broken:
            reading.degrade("features", away or found.broken)
        return reading
