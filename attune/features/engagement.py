"""How engaged a visitor is, from 0 to 100: the `behaviorScore` of the rules."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.features.buckets import Buckets
from attune.features.feature import HOUR, VISIT_ACTS, Act, Feature, Field, Value, act_of

_POINTS: Mapping[Act, int] = {"viewed": 2, "added": 6, "purchased": 12}


@dataclass(frozen=True)
class Engagement(Feature[Buckets]):
    """Points of the last week, halved every two days, on a scale that saturates at 100.

    `score = 100 * (1 - exp(-sum(points * 0.5 ** (age / half_life)) / scale))`, where the age is
    counted in whole buckets of six hours. Points: 2 a product viewed, 6 added, 12 purchased,
    1 anything else. With the scale of 20 points, ten views make 63 and sixteen make 80.
    """

    name: str = "behavior_score"
    points: Mapping[Act, int] = field(default_factory=lambda: _POINTS)
    acts: frozenset[Act] = VISIT_ACTS
    step: int = 6 * HOUR
    span: int = 28
    half_life: int = 48 * HOUR
    scale: float = 20.0

    @property
    def fields(self) -> tuple[Field, ...]:
        """The score."""
        return (
            Field(self.name, "float64", "Engagement score of the last week, 0 to 100", "points"),
        )

    def empty(self) -> Buckets:
        """No points."""
        return Buckets()

    def update(self, state: Buckets, event: Event) -> Buckets:
        """Add the points of the act."""
        state.add(event.at // self.step, self.points.get(act_of(event), 1), self.span)
        return state

    def merge(self, ours: Buckets, theirs: Buckets) -> Buckets:
        """Add bucket by bucket."""
        ours.merge(theirs, self.span)
        return ours

    def read(self, state: Buckets, now: int) -> tuple[Value, ...]:
        """Decay and saturate; summed oldest first, so that the float does not depend on order."""
        held = sorted(state.within(now // self.step, self.span), reverse=True)
        total = math.fsum(n * 0.5 ** (age * self.step / self.half_life) for age, n in held)
        return (100.0 * (1.0 - math.exp(-total / self.scale)),)

    def pack(self, state: Buckets) -> bytes:
        """One packed `Buckets`."""
        return state.pack()

    def unpack(self, raw: bytes, start: int) -> tuple[Buckets, int]:
        """As packed."""
        return Buckets.unpack(raw, start)
