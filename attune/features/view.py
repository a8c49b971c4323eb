"""A feature view: features of one entity whose states are stored, written and read together."""

import struct
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from attune.collect.event import Event
from attune.features.feature import Act, CorruptState, Feature, Field, Value, act_of

States: TypeAlias = list[Any]
"""The states of a view's features, in their order."""

_MAGIC = 0xA7
"""First byte of every state. Feast's `apply` calls a view's function with random bytes, and those
must read as the empty state (reference: Feast 0.67, `on_demand_feature_view.py`)."""


@dataclass(frozen=True, slots=True)
class Entity:
    """What a view is about. `join_key` is the name of its id in Feast."""

    name: str
    join_key: str
    description: str


USER = Entity("user", "user_id", "A visitor or customer, by profile id")


@dataclass(frozen=True)
class FeatureView:
    """Features that the same events concern, so that an event writes few of them.

    `version` goes into every stored state; raise it when the meaning of the bytes changes.
    """

    name: str
    description: str
    features: tuple[Feature[Any], ...]
    entity: Entity = USER
    version: int = 1
    acts: frozenset[Act] = field(init=False)
    fields: tuple[Field, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Gather what its features say."""
        acts: frozenset[Act] = frozenset()
        object.__setattr__(self, "acts", acts.union(*(f.acts for f in self.features)))
        object.__setattr__(self, "fields", tuple(x for f in self.features for x in f.fields))

    @property
    def full_name(self) -> str:
        """Its name in Feast: `user_activity`."""
        return f"{self.entity.name}_{self.name}"

    def empty(self) -> States:
        """Return the states of an entity of which nothing is known."""
        return [feature.empty() for feature in self.features]

    def update(self, states: States, event: Event) -> States:
        """Return the states with the event taken in by each feature that it concerns."""
        act = act_of(event)
        return [
            feature.update(state, event) if act in feature.acts else state
            for feature, state in zip(self.features, states, strict=True)
        ]

    def merge(self, ours: States, theirs: States) -> States:
        """Return the states of both histories together."""
        pairs = zip(self.features, ours, theirs, strict=True)
        return [feature.merge(mine, other) for feature, mine, other in pairs]

    def read(self, states: States, now: int) -> dict[str, Value]:
        """Return each field's value at `now` (ms since 1970)."""
        values: dict[str, Value] = {}
        for feature, state in zip(self.features, states, strict=True):
            values.update(
                zip((f.name for f in feature.fields), feature.read(state, now), strict=True)
            )
        return values

    def encode(self, states: States) -> bytes:
        """Return the bytes that the online store keeps."""
        packed = (f.pack(state) for f, state in zip(self.features, states, strict=True))
        return bytes((_MAGIC, self.version)) + b"".join(packed)

    def decode(self, raw: bytes) -> States:
        """Return the states in stored bytes.

        Raises:
            CorruptState: they are not a state of this view in this version.
        """
        if raw[:2] != bytes((_MAGIC, self.version)):
            raise CorruptState(f"{self.full_name} v{self.version} does not begin as it should")
        start = 2
        states = []
        try:
            for feature in self.features:
                state, start = feature.unpack(raw, start)
                states.append(state)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise CorruptState(f"{self.full_name}: {error}") from error
        if start != len(raw):
            raise CorruptState(f"{self.full_name}: {len(raw) - start} bytes too many")
        return states
