"""What a feature is: a small state, four functions on it, and the fields it answers."""

import struct
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Generic, Literal, TypeAlias, TypeVar, get_args

import msgspec

from attune.collect.event import Event
from attune.features.codec import Asking, Codec
from attune.features.steps import Calling, Step

State = TypeVar("State")

OwnType = Literal["int64", "float64", "bool", "string", "string_list", "float64_list"]
"""What features answer."""

FieldType = Literal[
    OwnType,
    "int32",
    "float32",
    "bytes",
    "timestamp",
    "timestamp_list",
    "int32_list",
    "int64_list",
    "float32_list",
    "bool_list",
    "bytes_list",
]
"""What Feast's ordinary views hold besides (`attune.features.plain`)."""

OWN_TYPES: tuple[OwnType, ...] = get_args(OwnType)

One: TypeAlias = int | float | str | bytes | datetime
Value: TypeAlias = One | list[int] | list[float] | list[str] | list[bytes] | list[datetime] | None

Act: TypeAlias = str
"""What an event is to a feature: a commerce action (`viewed`), or else the call type (`page`)."""

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
"""Milliseconds: the unit of every clock in a feature."""

VISIT_ACTS: frozenset[Act] = frozenset(
    {"viewed", "added", "removed", "purchased", "refunded", "track", "page", "screen"}
)
"""Acts of a visitor who is there; identify, group and alias only say who they are."""

ACTS: frozenset[Act] = VISIT_ACTS | {"identify", "group", "alias"}
"""Every act there is."""


class CorruptState(ValueError):
    """Stored bytes that are no state of this feature."""


NOT_A_STATE = (
    struct.error,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What decoding may raise where bytes are no state; `CorruptState` is a ValueError."""


class Untakable(ValueError):
    """A feature cannot take this event, and no other may either: it becomes a dead letter.

    `field` is a path in the event such as `properties.rating`.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


def act_of(event: Event) -> Act:
    """Return what the event is to a feature."""
    return event.commerce.action if event.commerce else event.type


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a feature answers: a Feast field, a GraphQL field, an operand in rules."""

    name: str
    type: FieldType
    description: str
    unit: str = ""
    deprecated: str = ""
    """Why nobody should begin to use it, and what to use instead."""

    @property
    def meaning(self) -> str:
        """What it means, and that it is deprecated."""
        return (
            f"{self.description} (deprecated: {self.deprecated})"
            if self.deprecated
            else self.description
        )


class Declared(ABCMeta):
    """The class of features, so that a compiler leaves those as Python has them.

    They are dataclasses that anybody may inherit from; their functions can still be compiled.
    """


class Feature(Generic[State], metaclass=Declared):
    """A state folded from events (`update`) and evaluated at a moment (`read`).

    Within the lateness bound of the feature the state does not depend on the order of events, and
    `merge` of two halves of a history equals the whole: that is what makes replays, rebalances,
    backfills and the union of two profiles exact. Amounts are integers for the same reason. A class
    that has limits (a lateness bound, names it lets go) says so; docs/features.md compares them.

    A state passed to `update` or `merge` is spent: only the returned one may be used afterwards.

    A subclass needs `fields`, `empty`, `update`, `merge` and `read`. States made of numbers, text,
    lists and dicts are stored as MessagePack; `pack` and `unpack` are there for what should be
    smaller or faster.
    """

    acts: frozenset[Act] = VISIT_ACTS
    """The events that concern it; `update` is called for no other."""

    largest: ClassVar[int] = 4096
    """Bytes that a packed state may have, with names of usual length: tests hold features to it."""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """What `read` answers, in its order."""

    @abstractmethod
    def empty(self) -> State:
        """Return the state of an entity of which nothing is known."""

    @abstractmethod
    def update(self, state: State, event: Event, at: int) -> State:
        """Return the state with the event taken in; `at` is its time in ms since 1970.

        Whatever it raises costs only this feature the event, and is counted and logged with the
        event's id.
        """

    @abstractmethod
    def merge(self, ours: State, theirs: State) -> State:
        """Return the state of both histories together, whichever is `ours`.

        Where it raises, ours stays as it was stored last, and theirs is lost; that is logged.
        """

    @abstractmethod
    def read(self, state: State, now: int) -> tuple[Value, ...]:
        """Return the values at `now` (ms since 1970, not before the latest event)."""

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """Return what `read` says of the state in bytes, which may be none; there to be faster.

        Raises:
            CorruptState, or any other of NOT_A_STATE: the bytes are not a state.
        """
        return self.read(self.unpack(raw) if raw else self.empty(), now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """Return `read_packed`, or a function that does the same without asking the feature."""
        return self.read_packed

    def check(self, event: Event) -> None:
        """Refuse an event that is wrong in itself; asked before anything is folded of it.

        Raises:
            Untakable: the event becomes a dead letter, and no feature sees it.
        """

    @property
    def checks(self) -> bool:
        """Whether `check` is there to be asked."""
        return type(self).check is not Feature.check

    def step(self, act: Act) -> Step:  # noqa: ARG002 - for those that have one an act
        """Return what does the same as `update` on events of one act; there to be faster."""
        return Calling(self.update)

    def codec(self) -> Codec:
        """Return what does the same as `empty`, `pack` and `unpack`; there to be faster."""
        return Asking(self.empty, self.pack, self.unpack)

    def pack(self, state: State) -> bytes:
        """Return the state in bytes; equal states give equal bytes, the empty one no bytes.

        Where it raises, the state stays as it was stored last; that is logged.
        """
        return b"" if state == self.empty() else _ENCODER.encode(state)

    def unpack(self, raw: bytes) -> State:
        """Return the state in bytes that are not empty.

        Raises:
            CorruptState, or any other of NOT_A_STATE: the bytes are not a state.
        """
        found: State = msgspec.msgpack.decode(raw, type=type(self.empty()))
        return found


_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
