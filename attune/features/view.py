"""A feature view: features of one entity whose states are stored, written and read together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import NOT_A_STATE, Act, CorruptState, Feature, Field, Value, act_of
from attune.features.parts import Parts, joined, split
from attune.ids import EntityId

States: TypeAlias = list[Any]
"""The states of a view's features, in their order."""

_LAST_VERSION = 255
EVERY = "*"

Slice: TypeAlias = tuple[EntityId, Event]
"""An entity that an event is about, and the part of the event that concerns it."""


def _nothing(_: Event) -> Iterable[Slice]:
    return ()


@dataclass(frozen=True, slots=True)
class Entity:
    """What views are about. `join_key` is the name of its id in Feast.

    `slices` says which entities of this kind an event concerns, and gives each the event as it
    sees it: an order of three products is three orders of one product to the items. Entities
    without it (users) are found by the profile that an event belongs to.

    `ttl` is days after the last event, until all of an entity is forgotten; 0 is never.
    """

    name: str
    join_key: str
    description: str
    slices: Callable[[Event], Iterable[Slice]] = field(default=_nothing, compare=False)
    ttl: int = 0

    @property
    def of_profiles(self) -> bool:
        """Whether entities of this kind are profiles, found by whose an event is."""
        return self.slices is _nothing


USER = Entity("user", "user_id", "A visitor or customer, by profile id")


@dataclass(frozen=True)
class FeatureView:
    """Features that the same events concern, so that an event writes few of them.

    `version` goes into every stored state and into its place in the store. Raise it when the
    meaning of the state changes: another list of features, other parameters, other code.
    """

    name: str
    description: str
    features: tuple[Feature[Any], ...]
    entity: Entity = USER
    version: int = 1
    deprecated: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Why a field should no longer be asked for, and what instead, by its name; of all: `*`."""
    acts: frozenset[Act] = field(init=False)
    fields: tuple[Field, ...] = field(init=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Of the fields, in the same order."""
    state_name: str = field(init=False, repr=False, compare=False)
    """The name of its state: `activity`, and from the second version on `activity_v2`."""
    reads: tuple[Callable[[bytes, int], tuple[Value, ...]], ...] = field(
        init=False, repr=False, compare=False
    )
    """`read_packed` of each feature, or its shorter way."""
    places: Mapping[str, int] = field(init=False, repr=False, compare=False)
    """Which of its features answers a field."""
    answers: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)
    """Names of the fields of each feature."""

    def __post_init__(self) -> None:
        """Gather what its features say; check that one byte holds the version.

        Raises:
            ConfigurationError: it does not.
        """
        if not 1 <= self.version <= _LAST_VERSION:
            raise ConfigurationError(f"version is {self.version}: choose from 1 to {_LAST_VERSION}")
        acts: frozenset[Act] = frozenset()
        object.__setattr__(self, "acts", acts.union(*(f.acts for f in self.features)))
        object.__setattr__(self, "fields", tuple(self._fields()))
        object.__setattr__(self, "names", tuple(each.name for each in self.fields))
        answers = tuple(tuple(each.name for each in f.fields) for f in self.features)
        object.__setattr__(self, "answers", answers)
        places = {name: index for index, names in enumerate(answers) for name in names}
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "reads", tuple(map(_reader, self.features)))
        state_name = self.name if self.version == 1 else f"{self.name}_v{self.version}"
        object.__setattr__(self, "state_name", state_name)

    def _fields(self) -> Iterable[Field]:
        told = self.deprecated
        for each in (x for f in self.features for x in f.fields):
            reason = told.get(each.name) or told.get(EVERY)
            yield replace(each, deprecated=reason) if reason else each

    @property
    def full_name(self) -> str:
        """Its name in Feast: `user_activity`."""
        return f"{self.entity.name}_{self.name}"

    def empty(self) -> States:
        """Return the states of an entity of which nothing is known."""
        return [feature.empty() for feature in self.features]

    def update(self, states: States, event: Event) -> States:
        """Return the states with the event taken in by each feature that it concerns."""
        act, at = act_of(event), event.at
        return [
            feature.update(state, event, at) if act in feature.acts else state
            for feature, state in zip(self.features, states, strict=True)
        ]

    def merge(self, ours: States, theirs: States) -> States:
        """Return the states of both histories together."""
        pairs = zip(self.features, ours, theirs, strict=True)
        return [feature.merge(mine, other) for feature, mine, other in pairs]

    def read(self, states: States, now: int) -> dict[str, Value]:
        """Return each field's value at `now` (ms since 1970)."""
        values: list[Value] = []
        for feature, state in zip(self.features, states, strict=True):
            values += feature.read(state, now)
        return dict(zip(self.names, values, strict=True))

    def encode(self, states: States, as_of: int = 0) -> bytes:
        """Return the bytes that the online store keeps, with the time of the latest event."""
        return self.joined([f.pack(s) for f, s in zip(self.features, states, strict=True)], as_of)

    def decode(self, raw: bytes) -> States:
        """Return the states in stored bytes.

        Raises:
            CorruptState: they are not a state of this view in this version.
        """
        return [self.unpacked(i, part) for i, part in enumerate(self.split(raw))]

    def joined(self, parts: Sequence[bytes], as_of: int) -> bytes:
        """Return packed states in one piece; see `parts`."""
        return joined(self.version, parts, as_of)

    def split(self, raw: bytes) -> Parts:
        """Return the packed states in stored bytes.

        Raises:
            CorruptState: they are not a state of this view in this version.
        """
        try:
            return split(self.version, len(self.features), raw)
        except CorruptState as error:
            raise CorruptState(self.unreadable(error)) from None

    def unpacked(self, index: int, part: bytes) -> Any:  # noqa: ANN401 - a state of any type
        """Return one feature's state.

        Raises:
            CorruptState: the bytes are none of its states.
        """
        feature = self.features[index]
        if not part:
            return feature.empty()
        try:
            return feature.unpack(part)
        except NOT_A_STATE as error:
            raise CorruptState(self.unreadable(error, index)) from error

    def unreadable(self, error: Exception, index: int | None = None) -> str:
        """Say why stored bytes cannot be read: all of them, or those of one feature."""
        if index is None:
            return f"{self.full_name} v{self.version} {error}"
        return f"{self.full_name}, {type(self.features[index]).__name__}: {error}"


def speaks_for(feature: Feature[Any], short: str, whole: str) -> bool:
    """Say whether a shorter way still leads to the same: no subclass has replaced what it is to."""
    for kind in type(feature).__mro__:
        if short in vars(kind):
            return True
        if whole in vars(kind):
            return False
    return False


def _reader(feature: Feature[Any]) -> Callable[[bytes, int], tuple[Value, ...]]:
    if not all(speaks_for(feature, "read_packed", each) for each in ("read", "unpack")):
        return partial(Feature.read_packed, feature)
    return feature.reader() if speaks_for(feature, "reader", "read_packed") else feature.read_packed
