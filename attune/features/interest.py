"""What somebody has lately looked at, and what they look at most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features import lately
from attune.features.codec import Codec
from attune.features.feature import (
    DAY,
    MINUTE,
    SECOND,
    Act,
    Feature,
    Field,
    Value,
    act_of,
)
from attune.features.lately import Lately, Times
from attune.features.names import CATEGORY, Names
from attune.features.naming import Noting
from attune.features.steps import Step
from attune.features.tastes import (
    MOST_AGES,
    MOST_NAMES,
    MOST_SECONDS,
    Giving,
    Liking,
    Tastes,
)

_SHOPPING: frozenset[Act] = frozenset({"viewed", "added", "purchased"})


@dataclass(frozen=True)
class Latest(Feature[Times]):
    """The last `keep` different names, newest first: `last_{many}`.

    Times are in seconds, ties go by name. A name pushed out by `keep` newer ones can only come back
    by a newer event, so the order of arrival does not matter.
    """

    names: Names = CATEGORY
    keep: int = 5
    acts: frozenset[Act] = _SHOPPING
    _lately: Lately = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what folds it."""
        object.__setattr__(self, "_lately", Lately(self.keep))

    @property
    def fields(self) -> tuple[Field, ...]:
        """One list."""
        many = self.names.many
        return (Field(f"last_{many}", "string_list", f"Last {self.keep} {many}, newest first"),)

    def empty(self) -> Times:
        """Nothing seen."""
        return {}

    def update(self, state: Times, event: Event, at: int) -> Times:
        """Put the names of the event in front."""
        return self._lately.note(state, self.names.of(event), at)

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `Lately.note`."""
        return Noting(self._lately, self.names.of)

    def merge(self, ours: Times, theirs: Times) -> Times:
        """Keep the newest of both."""
        return self._lately.merge(ours, theirs)

    def read(self, state: Times, now: int) -> tuple[Value, ...]:
        """Newest first."""
        return lately.read(self._lately.packed(state), now)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`."""
        return lately.read(raw, now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """See `lately.read`."""
        return lately.read

    def codec(self) -> Codec:
        """See `Lately`."""
        return self._lately

    def pack(self, state: Times) -> bytes:
        """See `Lately.pack_into`."""
        return self._lately.packed(state)

    def unpack(self, raw: bytes) -> Times:
        """As packed."""
        return self._lately.unpack(raw)


@dataclass(frozen=True)
class Affinity(Feature[Tastes]):
    """What somebody likes most: names by points that halve with time.

    `share = sum(points * 0.5 ** age) / the same of all names`, where the age is counted in whole
    buckets of `half_life` (ms, from 1970 on), and what lies `span` buckets or more before the
    newest is forgotten. Points: 1 a product viewed, 3 added, 5 purchased, whatever the quantity.

    Exact while at most `keep` names were seen within the span. Beyond that the name with the
    fewest points is let go, but none of the `last` newest: those stay exact, the shares are about.
    Times of the last names are in seconds, ties go by name.

    Raises:
        ConfigurationError: parameters that contradict each other.
    """

    names: Names = CATEGORY
    top: int = 3
    last: int = 5
    keep: int = 8
    half_life: int = 7 * DAY
    span: int = 4
    points: Mapping[Act, int] = field(
        default_factory=lambda: {"viewed": 1, "added": 3, "purchased": 5}
    )
    acts: frozenset[Act] = _SHOPPING
    _liking: Liking = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that letting go always finds a name, and that points only add up."""
        if not max(1, self.last) <= self.keep <= MOST_NAMES:
            raise ConfigurationError(
                f"keep is {self.keep}: choose at least as many as last, and at most {MOST_NAMES}"
            )
        if not 1 <= self.span <= MOST_AGES or self.half_life < MINUTE:
            raise ConfigurationError(
                f"span is {self.span} and half_life {self.half_life} ms: choose from 1 to "
                f"{MOST_AGES}, and at least a minute"
            )
        if self.half_life * self.span > MOST_SECONDS * SECOND:
            raise ConfigurationError(
                f"half_life is {self.half_life} ms: choose one of which {self.span} are less than "
                "136 years"
            )
        if any(points < 1 for points in self.points.values()):
            raise ConfigurationError("points of an act are at least 1: leave it out of acts")
        liking = Liking(self.half_life, self.span, self.keep, self.last, self.top)
        object.__setattr__(self, "_liking", liking)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Names and their shares, in the same order; and the newest ones, if any are wanted."""
        one, many = self.names.one, self.names.many
        told = (
            Field(
                f"top_{many}", "string_list", f"The {self.top} {many} they like most, best first"
            ),
            Field(
                f"{one}_shares",
                "float64_list",
                f"Share of all interest that each of the top {many} has",
                "0 to 1",
            ),
        )
        if not self.last:
            return told
        last = Field(f"last_{many}", "string_list", f"Last {self.last} {many}, newest first")
        return (last, *told)

    def empty(self) -> Tastes:
        """Nothing seen."""
        return self._liking.empty()

    def update(self, state: Tastes, event: Event, at: int) -> Tastes:
        """Give the names of the event its points."""
        if names := self.names.of(event):
            self._liking.add(state, names, at, self.points.get(act_of(event), 1))
        return state

    def step(self, act: Act) -> Step:
        """Return `update` with the points looked up."""
        return Giving(self._liking, self.names.of, self.points.get(act, 1))

    def codec(self) -> Codec:
        """See `Liking`."""
        return self._liking

    def merge(self, ours: Tastes, theirs: Tastes) -> Tastes:
        """Add name by name."""
        return self._liking.merge(ours, theirs)

    def read(self, state: Tastes, now: int) -> tuple[Value, ...]:
        """Shares do not change with time: the points of all names halve together."""
        return self._liking.read(self._liking.packed(state), now)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`."""
        return self._liking.read(raw, now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """See `Liking.read`."""
        return self._liking.read

    def pack(self, state: Tastes) -> bytes:
        """See `Liking.pack_into`."""
        return self._liking.packed(state)

    def unpack(self, raw: bytes) -> Tastes:
        """As packed."""
        return self._liking.unpack(raw)
