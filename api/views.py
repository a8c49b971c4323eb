"""What a view answers at one moment, as attributes: the objects behind the types of GraphQL.

They hold nothing that holds them, so they are gone when the answer is, without a collection.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.caching import lacking
from attune.adapters.plain import Held
from attune.collect.event import EPOCH
from attune.features.feature import Value
from attune.features.plain import Status
from attune.features.view import FeatureView
from attune.profiles.found import Found
from attune.telemetry import DEGRADED


def degrade(degraded: list[str], part: str, reason: str) -> None:
    """Say in the answer that a part is missing, and why."""
    DEGRADED.labels(part).inc()
    lacking()
    degraded.append(f"{part}: {reason}")


class Streamed:
    """A streamed view. A feature is decoded and read when the first of its fields is asked for.

    A state that cannot be read counts as empty, and `degraded` says so.
    """

    def __init__(self, view: FeatureView, kept: Found, now: int, degraded: list[str]) -> None:
        self._view = view
        self._kept = kept
        self._now = now
        self._degraded = degraded
        self._is_lost = False
        if view.state_name in kept.seams:
            reason = "not filled from the archive yet: `attune backfill`"
            degrade(degraded, f"features.{view.name}", reason)
            self.__dict__.update(dict.fromkeys(view.names))

    def __getattr__(self, name: str) -> Value:
        # Only asked for what is not in __dict__ yet.
        view = self.__dict__["_view"]
        index = view.places.get(name)
        if index is None:
            raise AttributeError(name)
        values = self._kept.read_one(view, index, self._now)
        self.__dict__.update(zip(view.answers[index], values, strict=True))
        if self._kept.lost:
            self._note_loss()
        found: Value = self.__dict__[name]
        return found

    @property
    def as_of(self) -> datetime | None:
        """Time of the latest event in it, None if there was none."""
        newest = self._kept.newest(self._view)
        if self._kept.lost:
            self._note_loss()
        return moment(newest or None)

    def check(self) -> None:
        """Decode all of it, to see whether it can be."""
        if self._view.state_name in self._kept.seams:
            return
        for index in range(len(self._view.features)):
            self._kept.state(self._view, index)
        self._note_loss()

    def _note_loss(self) -> None:
        reason = self._kept.lost.get(self._view.state_name)
        if reason and not self._is_lost:
            self._is_lost = True
            degrade(self._degraded, f"features.{self._view.name}", reason)


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


class Flat(Mapping[str, Value]):
    """Every field of every view by its bare name: what models are given, and rules.

    `view` gives a view by its name, `sources` says which has a field.
    """

    def __init__(self, view: Any, sources: Mapping[str, str]) -> None:  # noqa: ANN401 - a function
        self._view = view
        self._sources = sources

    def __getitem__(self, name: str) -> Value:
        found: Value = getattr(self._view(self._sources[name]), name)
        return found

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get` has it
        """Return the value of a field, or the default where there is no such field."""
        source = self._sources.get(name)
        return default if source is None else getattr(self._view(source), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def moment(ms: int | None) -> datetime | None:
    """Return a time in ms since 1970 as GraphQL has it."""
    return None if ms is None else EPOCH + timedelta(milliseconds=ms)
