"""What a feature is: a small state, four functions on it, and the fields it answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from attune.collect.event import Event

State = TypeVar("State")

FieldType = Literal["int64", "float64", "string_list"]
Value: TypeAlias = int | float | list[str] | None

Act: TypeAlias = str
"""What an event is to a feature: a commerce action (`viewed`), or else the call type (`page`)."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""Milliseconds: the unit of every clock in a feature."""

VISIT_ACTS: frozenset[Act] = frozenset(
    {"viewed", "added", "removed", "purchased", "refunded", "track", "page", "screen"}
)
"""Acts of a visitor who is there; identify, group and alias only say who they are."""


class CorruptState(ValueError):
    """Stored bytes that are no state of this feature."""


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


class Feature(ABC, Generic[State]):
    """A state folded from events (`update`) and evaluated at a moment (`read`).

    Within the lateness bound of the feature the state does not depend on the order of events, and
    `merge` of two halves of a history equals the whole: that is what makes replays, rebalances
    and the union of two profiles exact. Amounts are integers for the same reason.

    A state passed to `update` or `merge` is spent: only the returned one may be used afterwards.
    """

    acts: frozenset[Act] = VISIT_ACTS
    """The events that concern it; `update` is called for no other."""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """What `read` answers, in its order."""

    @abstractmethod
    def empty(self) -> State:
        """Return the state of an entity of which nothing is known."""

    @abstractmethod
    def update(self, state: State, event: Event) -> State:
        """Return the state with the event taken in."""

    @abstractmethod
    def merge(self, ours: State, theirs: State) -> State:
        """Return the state of both histories together."""

    @abstractmethod
    def read(self, state: State, now: int) -> tuple[Value, ...]:
        """Return the values at `now` (ms since 1970, not before the latest event)."""

    @abstractmethod
    def pack(self, state: State) -> bytes:
        """Return the state in bytes; equal states give equal bytes."""

    @abstractmethod
    def unpack(self, raw: bytes, start: int) -> tuple[State, int]:
        """Return the state packed at `start`, and where the next one starts.

        Raises:
            CorruptState, struct.error, IndexError: the bytes are not a state.
        """
