"""How many different things there were, in windows that end now."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.codec import Codec
from attune.features.feature import HOUR, MINUTE, Act, Feature, Field, Value
from attune.features.names import ITEM, Names
from attune.features.naming import Noting
from attune.features.sight import Last, Sight
from attune.features.sketch import Ranks, Sketching
from attune.features.steps import Step
from attune.features.ticks import Window

_MOST_BUCKETS = 256
_MOST_NAMES = 800  # of 5 bytes: 4 kB

DAY_BY_HOURS = Window("24h", HOUR, 24)


@dataclass(frozen=True)
class Distinct(Feature[Last]):
    """Different names in a window, exact up to `most`: then it stays there.

    Kept are the `most` names that were seen last, each with its latest bucket: a name is in the
    window if that one is. Names are 32-bit hashes (murmur3). Two that share one count as one: among
    100 names that happens with a probability of 1.2 in a million, among 200 with 4.6.

    Raises:
        ConfigurationError: the window or `most` is more than a state can hold.
    """

    names: Names = ITEM
    window: Window = DAY_BY_HOURS
    most: int = 200
    acts: frozenset[Act] = frozenset({"viewed"})
    _sight: Sight = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check what the layout bounds."""
        _check(self.window)
        if not 1 <= self.most <= _MOST_NAMES:
            raise ConfigurationError(f"most is {self.most}: choose from 1 to {_MOST_NAMES}")
        made = Sight(self.window.step, self.window.span, self.most)
        object.__setattr__(self, "_sight", made)

    @property
    def fields(self) -> tuple[Field, ...]:
        """One count."""
        window, many = self.window.name, self.names.many
        told = f"Different {many} in the last {window}, at most {self.most}"
        return (Field(f"{many}_{window}", "int64", told, many),)

    def empty(self) -> Last:
        """Nothing seen."""
        return Last(0, {})

    def update(self, state: Last, event: Event, at: int) -> Last:
        """Note the names of the event."""
        names = self.names.of(event)
        return self._sight.note(state, names, at) if names else state

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `Sight.note`."""
        return Noting(self._sight, self.names.of)

    def merge(self, ours: Last, theirs: Last) -> Last:
        """The latest of each."""
        return self._sight.merge(ours, theirs)

    def read(self, state: Last, now: int) -> tuple[Value, ...]:
        """Count those whose latest bucket the window covers."""
        return self._sight.read(self._sight.packed(state), now)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`."""
        return self._sight.read(raw, now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """See `Sight.read`."""
        return self._sight.read

    def codec(self) -> Codec:
        """See `Sight`."""
        return self._sight

    def pack(self, state: Last) -> bytes:
        """See `Sight.pack_into`."""
        return self._sight.packed(state)

    def unpack(self, raw: bytes) -> Last:
        """As packed."""
        return self._sight.unpack(raw)


@dataclass(frozen=True)
class DistinctSketch(Feature[Ranks]):
    """Different names in a window, about: a HyperLogLog that slides.

    Kept are, for each of `2**precision` registers, the pairs of rank and bucket that no other pair
    beats in both: those are all that any later window can ask for (Chabchoub, Hebrail: Sliding
    HyperLogLog, 2010). So it is a function of what was seen, in any order. The standard error is
    `1.04 / sqrt(2**precision)`: 6.5 percent with 8; small counts go by the empty registers
    (Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007). A full state has some 9 bytes a
    register: 2.4 kB with 8, 9.4 kB with 10. Hashes have 32 bits (murmur3): enough up to some
    hundred million names.

    Raises:
        ConfigurationError: the window is more than a state can hold, or the precision of no use.
    """

    largest = 10_000

    names: Names = ITEM
    window: Window = DAY_BY_HOURS
    precision: int = 8
    acts: frozenset[Act] = frozenset({"viewed"})
    _sketching: Sketching = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the precision and the window."""
        _check(self.window)
        if not 4 <= self.precision <= 10:  # noqa: PLR2004 - else it is useless, or large
            raise ConfigurationError(f"precision is {self.precision}: choose from 4 to 10")
        made = Sketching(self.window.step, self.window.span, self.precision)
        object.__setattr__(self, "_sketching", made)

    @property
    def fields(self) -> tuple[Field, ...]:
        """One estimate."""
        window, many = self.window.name, self.names.many
        error = 104 / math.sqrt(1 << self.precision)
        told = f"Different {many} in the last {window}, about (standard error {error:.0f}%)"
        return (Field(f"{many}_{window}", "float64", told, many),)

    def empty(self) -> Ranks:
        """Nothing seen."""
        return Ranks(0)

    def update(self, state: Ranks, event: Event, at: int) -> Ranks:
        """Note the names of the event."""
        names = self.names.of(event)
        return self._sketching.note(state, names, at) if names else state

    def step(self, act: Act) -> Step:  # noqa: ARG002 - the same for all
        """See `Sketching.note`."""
        return Noting(self._sketching, self.names.of)

    def merge(self, ours: Ranks, theirs: Ranks) -> Ranks:
        """All pairs of both that none beats."""
        return self._sketching.merge(ours, theirs)

    def read(self, state: Ranks, now: int) -> tuple[Value, ...]:
        """See `Sketching.estimate`."""
        return (self._sketching.estimate(state, now),)

    def codec(self) -> Codec:
        """See `Sketching`."""
        return self._sketching

    def pack(self, state: Ranks) -> bytes:
        """See `Sketching.pack_into`."""
        return self._sketching.packed(state)

    def unpack(self, raw: bytes) -> Ranks:
        """As packed."""
        return self._sketching.unpack(raw)


def _check(window: Window) -> None:
    """Refuse a window of which a state could not hold the ages, or the year 9999."""
    if window.span > _MOST_BUCKETS or window.step < MINUTE:
        raise ConfigurationError(
            f"window {window.name} has {window.span} buckets of {window.step} ms: choose at most "
            f"{_MOST_BUCKETS}, of a minute or longer"
        )
