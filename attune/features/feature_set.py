"""All feature views of one entity, checked once, and how an event runs through them."""

import struct
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import mmh3

from attune.errors import ConfigurationError
from attune.features.codec import Asking, Codec
from attune.features.feature import ACTS, Act, Feature, Field
from attune.features.plain import PlainView
from attune.features.ranks import Rfm
from attune.features.spelling import camel
from attune.features.steps import Calling, Step
from attune.features.view import Entity, FeatureView, speaks_for


@dataclass(frozen=True, slots=True)
class Plan:
    """What an event of one act does: a step a feature that it concerns, and what that changes.

    The features of a set are numbered through all its views; `mask` has a bit for each. `views` are
    the numbers of those that it touches.
    """

    steps: tuple[tuple[int, Step], ...]
    mask: int
    views: tuple[int, ...]


class Place(NamedTuple):
    """Which of its set a view is, and where its features are among all of them."""

    number: int
    view: FeatureView
    start: int
    stop: int
    mask: int


class Touched(NamedTuple):
    """A view of which events have touched some features: those with the numbers in the mask."""

    number: int
    name: str
    version: int
    start: int
    stop: int
    mask: int


class FeatureSet:
    """The views of one entity. Field names are unique across them: rules use them bare.

    Raises:
        ConfigurationError: names clash, a view is of another entity, or there is none at all.
    """

    def __init__(
        self,
        views: Iterable[FeatureView],
        plain: Iterable[PlainView] = (),
        ranks: Iterable[Rfm] = (),
    ) -> None:
        self.views = tuple(views)
        self.plain = tuple(plain)
        self.ranks = tuple(ranks)
        """What is read from these values and those of the population."""
        self._check()
        self.entity: Entity = self.views[0].entity
        self.by_name: Mapping[str, FeatureView] = {view.name: view for view in self.views}
        self.sources: Mapping[str, str] = dict(self._sources())
        """By field, the view or rank that answers it."""
        self.spelled: Mapping[str, str] = {camel(name): name for name in self.sources}
        """Fields by the name they have in rules."""
        self.tag_of: Mapping[str, int] = {v.state_name: tag(v.state_name) for v in self.views}
        self.tags: bytes = struct.pack(f"<{len(self.views)}H", *self.tag_of.values())
        self.features: tuple[Feature[Any], ...] = tuple(f for v in self.views for f in v.features)
        self.codecs = tuple(map(_codec, self.features))
        self.owners = tuple((view, i) for view in self.views for i in range(len(view.features)))
        self.spots = tuple(
            (number, len(view.features), index)
            for number, view in enumerate(self.views)
            for index in range(len(view.features))
        )
        """Of each feature: which view it is of, how many that has, and which of those it is."""
        self.places: dict[str, Place] = {p.view.state_name: p for p in self._places()}
        self.plans: dict[Act, Plan] = {act: self._plan(act) for act in ACTS}
        self._touched: dict[int, tuple[Touched, ...]] = {}

    def only(self, states: Collection[str]) -> "FeatureSet":
        """Return the set of the views with these states."""
        return FeatureSet(view for view in self.views if view.state_name in states)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, view by view, those of plain views last."""
        return tuple(field for view in self.all_views for field in view.fields)

    @property
    def all_views(self) -> list[FeatureView | PlainView]:
        """The views of both kinds."""
        return [*self.views, *self.plain]

    def touched(self, mask: int) -> tuple[Touched, ...]:
        """Return the views that have a feature in a mask; there are few masks, so each once."""
        found = self._touched.get(mask)
        if found is None:
            found = self._touched[mask] = tuple(
                Touched(number, name, view.version, start, stop, mask & own)
                for name, (number, view, start, stop, own) in self.places.items()
                if mask & own
            )
        return found

    def _sources(self) -> Iterable[tuple[str, str]]:
        for source in (*self.all_views, *self.ranks):
            for each in source.fields:
                yield each.name, source.name

    def _places(self) -> Iterable[Place]:
        start = 0
        for number, view in enumerate(self.views):
            stop = start + len(view.features)
            yield Place(number, view, start, stop, (1 << stop) - (1 << start))
            start = stop

    def _plan(self, act: Act) -> Plan:
        numbered = [(i, f) for i, f in enumerate(self.features) if act in f.acts]
        steps = tuple((i, _step(feature, act)) for i, feature in numbered)
        views = tuple(number for number, view in enumerate(self.views) if act in view.acts)
        return Plan(steps, sum(1 << i for i, _ in numbered), views)

    def _check(self) -> None:
        if len({view.entity for view in self.all_views}) != 1 or not self.views:
            raise ConfigurationError("a feature set has views of one entity, at least one")
        for what, names in (
            ("feature view", [each.name for each in (*self.all_views, *self.ranks)]),
            ("field", [f.name for f in chain(self.fields, *(r.fields for r in self.ranks))]),
            ("tag of view", [str(tag(view.state_name)) for view in self.views]),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ConfigurationError(
                    f"{what} {twice[0]!r} is declared twice in feature_repo/: rename one of them"
                )


def _step(feature: Feature[Any], act: Act) -> Step:
    shorter = speaks_for(feature, "step", "update")
    return feature.step(act) if shorter else Calling(feature.update)


def _codec(feature: Feature[Any]) -> Codec:
    if all(speaks_for(feature, "codec", whole) for whole in ("empty", "pack", "unpack")):
        return feature.codec()
    return Asking(feature.empty, feature.pack, feature.unpack)


def tag(state_name: str) -> int:
    """Return the number by which a row knows a view in its version."""
    return mmh3.hash(state_name, signed=False) & 0xFFFF
