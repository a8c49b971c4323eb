"""What a view answers at one moment, as attributes: the objects behind the types of GraphQL.

They hold nothing that holds them, so they are gone when the answer is, without a collection.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any

from api.caching import lacking
from attune.adapters.plain import Held, held
from attune.collect.event import EPOCH
from attune.features.feature import Value
from attune.features.feature_set import FeatureSet
from attune.features.plain import Status
from attune.features.view import FeatureView
from attune.profiles.found import NOT_WHOLE, Found
from attune.telemetry import DEGRADED


def degrade(degraded: list[str], part: str, reason: str) -> None:
    """Say in the answer that a part is missing, and why."""
    DEGRADED.labels(part).inc()
    lacking()
    degraded.append(f"{part}: {reason}")


class Streamed:
    """A streamed view. A feature is decoded and read when the first of its fields is asked for.

    A state that cannot be read counts as empty, and `degraded` says so. `read` is where values are
    kept by the names of fields, for whoever has no use for views.
    """

    def __init__(
        self,
        view: FeatureView,
        kept: Found,
        now: int,
        degraded: list[str],
        read: dict[str, Value],
    ) -> None:
        self._view = view
        self._kept = kept
        self._now = now
        self._degraded = degraded
        self._read = read
        self._is_lost = False
        if kept.seams and view.state_name in kept.seams:
            degrade(degraded, f"features.{view.name}", NOT_WHOLE)
            self._take(view.names, repeat(None, len(view.names)))

    def read_feature(self, index: int) -> None:
        """Read one of the view's features, and keep its values as attributes."""
        kept, view = self._kept, self._view
        self._take(view.answers[index], kept.read_one(view, index, self._now))
        if kept.lost:
            self.note_loss()

    def _take(self, names: Iterable[str], values: Iterable[Value]) -> None:
        own, read = self.__dict__, self._read
        for name, value in zip(names, values, strict=True):
            own[name] = read[name] = value

    @property
    def as_of(self) -> datetime | None:
        """Time of the latest event in it, None if there was none."""
        newest = self._kept.newest(self._view)
        if self._kept.lost:
            self.note_loss()
        return moment(newest or None)

    def check(self) -> None:
        """Read what was not read yet, to see whether it can be."""
        own = self.__dict__
        for index, names in enumerate(self._view.answers):
            if not names or names[0] not in own:
                self.read_feature(index)

    def note_loss(self) -> None:
        """Say, once, that a state could not be read."""
        reason = self._kept.lost.get(self._view.state_name)
        if reason and not self._is_lost:
            self._is_lost = True
            degrade(self._degraded, f"features.{self._view.name}", reason)


class _Unread:
    """A field whose feature was not read yet: an attribute of the object takes its place then.

    `__getattr__` would do, but Python first makes an AttributeError for it, text and all.
    """

    def __init__(self, name: str, index: int) -> None:
        self._name = name
        self._index = index

    def __get__(self, view: Streamed, owner: type) -> Value:
        view.read_feature(self._index)
        found: Value = view.__dict__[self._name]
        return found


@lru_cache(maxsize=8)  # sets of declarations: one, and while another one is rolled out two
def _kinds(features: FeatureSet) -> Mapping[str, type[Streamed]]:
    """Return the class of each view's objects."""
    return {
        view.name: type(
            "Streamed", (Streamed,), {each: _Unread(each, i) for each, i in view.places.items()}
        )
        for view in features.views
    }


class Stored:
    """A view that a job has stored."""

    def __init__(self, held: Held) -> None:
        self.__dict__.update(held.values)
        self.as_of = moment(held.as_of)
        self.status: Status = held.status


class Ranked:
    """Where the entity stands among all."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.__dict__.update(values)


View = Streamed | Stored | Ranked
Among = Callable[[str, int], Mapping[str, Value]]


class Views:
    """The views of an entity at `now`, each had when it is asked for, once.

    `among` gives values of the population, by view and moment. What cannot be read is told to
    `degraded`.
    """

    def __init__(
        self,
        kept: Found,
        features: FeatureSet,
        now: int,
        among: Among,
        degraded: list[str],
    ) -> None:
        self.features = features
        self._kept = kept
        self._now = now
        self._among = among
        self._degraded = degraded
        self._known: dict[str, View] = {}
        self._kinds = _kinds(features)
        self.read: dict[str, Value] = {}
        """What was read of streamed views, by field."""

    def named(self, name: str) -> View:
        """Return a view or a rank by its name, with its fields as attributes.

        Raises:
            KeyError: there is none.
        """
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._made(name)
        return found

    def _made(self, name: str) -> View:
        if view := self.features.by_name.get(name):
            kind = self._kinds[name]
            return kind(view, self._kept, self._now, self._degraded, self.read)
        if any(plain.name == name for plain in self.features.plain):
            return Stored(self.stored[name])
        for rank in self.features.ranks:
            if rank.name == name:
                own = self._kept.read(self.features.by_name[rank.own], self._now)
                return Ranked(rank.read(own, self._among(rank.among, self._now)))
        raise KeyError(name)

    @cached_property
    def stored(self) -> Mapping[str, Held]:
        """What each ordinary Feast view holds; what cannot be read counts as null."""
        row = self._kept.row.plain
        found = {view.name: held(view, row, self._now) for view in self.features.plain}
        for name, view in found.items():
            for reason in view.unreadable:
                degrade(self._degraded, f"features.{name}", reason)
        return found

    def check(self) -> None:
        """Read all that is stored, to see whether it can be."""
        for view in self.features.views:
            found = self.named(view.name)
            if isinstance(found, Streamed):
                found.check()
        if self.features.plain:
            _ = self.stored


class Flat(Mapping[str, Value]):
    """Every field of every view by its bare name: what models are given, and rules."""

    __slots__ = ("_read", "_sources", "_views")

    def __init__(self, views: Views) -> None:
        self._views = views
        self._sources = views.features.sources
        self._read = views.read

    def __getitem__(self, name: str) -> Value:
        read = self._read
        found: Value = read[name] if name in read else self._found(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get` has it
        """Return the value of a field, or the default where there is no such field."""
        read = self._read
        if name in read:  # several models are given the same
            return read[name]
        return self._found(name) if name in self._sources else default

    def _found(self, name: str) -> Value:
        found: Value = getattr(self._views.named(self._sources[name]), name)
        self._read[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def moment(ms: int | None) -> datetime | None:
    """Return a time in ms since 1970 as GraphQL has it."""
    return None if ms is None else EPOCH + timedelta(milliseconds=ms)
