"""What the stops need of the world, as small interfaces; `attune.adapters` holds the real ones.

Each port has a twin in memory (`attune.adapters.memory`), and one contract suite
(`tests/contract`) runs on both.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import msgspec

from attune.collect.event import Event
from attune.stream import Position


class EventLog(Protocol):
    """Where accepted events go: Kafka."""

    async def append(self, events: Sequence[Event]) -> None:
        """Return when every event is acknowledged by all in-sync replicas, in this order.

        Raises:
            Unavailable: at least one was not acknowledged in time; sending all again is safe,
                because consumers count a message id once.
        """


class Taken(msgspec.Struct, frozen=True, gc=False):
    """An event that the runner has consumed and parsed, and where it lay."""

    position: Position
    event: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that a consumer can never take in, and of which it applied nothing."""

    position: Position
    reason: str


class Consumer(Protocol):
    """One consumer: what it reads, and how it makes a batch durable."""

    @property
    def name(self) -> str:
        """Name of the consumer group."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads, without the installation's prefix."""

    @property
    def linger(self) -> float:
        """Seconds to gather a batch: 0 for what must be seen at once, more for larger writes."""

    def begins(self, first: Mapping[tuple[str, int], int]) -> None:
        """Learn at which offset each topic and partition begins that was not read before here."""

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """Make the effects of the batch durable, and return what can never be.

        What is refused goes to the dead-letter topic with its reason. Then the offsets of the
        whole batch are committed.

        It may be called again with events it has seen (a crash, a rebalance, a client's retry),
        and must then change nothing.

        Raises:
            Unavailable: a store is away; the runner waits and calls again with the same batch.
        """


class Row(msgspec.Struct, frozen=True):
    """One entity as the online store holds it: one hash in Redis, in Feast's encoding.

    `states` are stored states by the view's state name. `records` are Attune's own: what was
    applied, traits, redirect. `plain` holds values of ordinary Feast views as Feast wrote them, by
    `view:field`, and its timestamps by `_ts:view`. `version` guards a write against a concurrent
    one; 0 is an entity that does not exist yet.
    """

    version: int = 0
    states: Mapping[str, bytes] = {}
    records: Mapping[str, bytes] = {}
    plain: Mapping[str, bytes] = {}


class Write(msgspec.Struct, frozen=True):
    """Parts to set in one entity's row, if it is still at `version`; `remove` names others.

    `as_of` is the time of the entity's latest event, ms since 1970.
    """

    id: str
    version: int
    as_of: int = 0
    states: Mapping[str, bytes] = {}
    records: Mapping[str, bytes] = {}
    remove: frozenset[str] = frozenset()


class OnlineStore(Protocol):
    """Where the entities of one kind live: Feast's online store on Redis."""

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """Return each entity's row, an empty one where there is none, in one round trip.

        Raises:
            Unavailable: the store does not answer.
        """

    async def begin(self, first: Mapping[tuple[str, int], int]) -> bool:
        """Note the offset at which each topic and partition was first read for this kind of entity.

        Where one was noted before, that stays. A partition that nobody has read yet is not among
        them: what lies in it is not known to have a past (docs/decisions/0009).

        Returns:
            Whether a new entity has no history: every partition was read from offset 0 on, or
            `complete` was called since.

        Raises:
            Unavailable: the store does not answer.
        """

    async def begun(self) -> tuple[dict[tuple[str, int], int], bool]:
        """Return the noted offsets that are not 0, and whether `complete` was called since.

        Raises:
            Unavailable: the store does not answer.
        """

    async def complete(self) -> None:
        """Note that what lay before the noted offsets has been filled in.

        Raises:
            Unavailable: the store does not answer.
        """

    def ids(self) -> AsyncIterator[list[str]]:
        """Yield the ids of all entities that are there, some at a time; one may come twice.

        Entities that come or go meanwhile may or may not be among them.

        Raises:
            Unavailable: the store does not answer.
        """

    async def save(self, writes: Sequence[Write]) -> set[str]:
        """Apply each write atomically where its version still holds; return the refused ones.

        Raises:
            Unavailable: the store does not answer; any of the writes may have been applied.
        """


Heard: TypeAlias = Callable[[], None]


class Changes(Protocol):
    """Tells when entities of a kind are written.

    A hint, told at least once for each write: it may come twice, or where little has changed.
    """

    async def listen(self, entity: str, heard: Heard) -> None:
        """Have `heard` called after each write of an entity, from the return of this call on.

        While the store is away nothing can be heard; `heard` is called when it is back.
        """

    async def leave(self, entity: str, heard: Heard) -> None:
        """No longer do so."""
