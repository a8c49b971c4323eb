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

Places = Mapping[tuple[str, int], int]
"""An offset by topic and partition; the topic is without the installation's prefix."""


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

    async def joins(self, expected: Places) -> None:
        """Learn where its group goes on in every partition of its topics, whoever will read it.

        Called whenever its group has formed, with it, and before anything is taken: events may come
        again that it has taken, and what it holds of its store may be of another time.

        Raises:
            Unavailable: a store is away; the runner waits and calls again.
        """

    async def begins(self, first: Places) -> None:
        """Learn from which offset on partitions are read here that were not read since it joined.

        Called before any event of theirs is taken, and if none can be.

        Raises:
            Emptied: a store is not what it was; the runner has the consumer join anew.
            Unavailable: a store is away; the runner waits and calls again.
        """

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """Make the effects of the batch durable, and return what can never be.

        What is refused goes to the dead-letter topic with its reason. Then the offsets of the
        whole batch are committed.

        It may be called again with events it has seen (a crash, a rebalance, a client's retry),
        and must then change nothing.

        Raises:
            Emptied: a store is not what it was; the runner has the consumer join anew, and go on
                from what is committed.
            Unavailable: a store is away; the runner waits and calls again with the same batch.
        """


class Row(msgspec.Struct, frozen=True, gc=False):
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

    def after(self, write: "Write") -> "Row":
        """Return the row as it is once the write was applied."""
        states, records = {**self.states, **write.states}, {**self.records, **write.records}
        if write.remove:
            for name in write.remove - write.states.keys() - write.records.keys():
                states.pop(name, None)
                records.pop(name, None)
        return Row(self.version + 1, states, records, self.plain)


class Write(msgspec.Struct, frozen=True, gc=False):
    """Parts to set in one entity's row, if it is still at `version`; `remove` names others.

    `as_of` is the time of the entity's latest event, ms since 1970.
    """

    id: str
    version: int
    as_of: int = 0
    states: Mapping[str, bytes] = {}
    records: Mapping[str, bytes] = {}
    remove: frozenset[str] = frozenset()


class Begun(msgspec.Struct, frozen=True):
    """Where each partition was first read for a kind of entity, or will be if nobody has read it.

    `filled` says whether what lay before was filled in since.
    """

    first: Places
    filled: bool

    @property
    def complete(self) -> bool:
        """Whether an entity that is not there has no history."""
        return self.filled or not any(self.first.values())


class OnlineStore(Protocol):
    """Where the entities of one kind live: Feast's online store on Redis.

    Who writes joins it first. A store that is emptied then refuses everything from those who had
    joined it before, until they join anew: what they hold is of rows that are gone.
    """

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """Return each entity's row, an empty one where there is none, in one round trip.

        Raises:
            Unavailable: the store does not answer.
        """

    async def join(self, expected: Places) -> Begun:
        """Write to the store as it is now, and note where each partition will be read from.

        To be told for all partitions that there are. What is expected counts for those that nobody
        has read yet for this kind of entity, and only until somebody does; the latest is the best.

        Raises:
            Unavailable: the store does not answer.
        """

    async def begin(self, first: Places) -> Begun:
        """Note the offset from which each partition is read. The first one noted stays.

        Raises:
            Emptied: it was emptied since we joined.
            Unavailable: the store does not answer.
        """

    async def begun(self) -> Begun | None:
        """Return what is noted; None if nobody has joined.

        Raises:
            Unavailable: the store does not answer.
        """

    async def complete(self) -> None:
        """Note that what lay before the noted offsets has been filled in.

        Raises:
            Emptied: it was emptied since we joined.
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
            Emptied: it was emptied since we joined; nothing is left of what was applied.
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
