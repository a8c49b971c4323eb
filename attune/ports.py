"""What the stops need of the world, as small interfaces; `attune.adapters` holds the real ones.

Each port has a twin in memory (`attune.adapters.memory`), and one contract suite
(`tests/contract`) runs on both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from attune.collect.event import Event
from attune.ids import ProfileId
from attune.stream import Position


class EventLog(Protocol):
    """Where accepted events go: Kafka."""

    async def append(self, events: Sequence[Event]) -> None:
        """Return when every event is acknowledged by all in-sync replicas, in this order.

        Raises:
            Unavailable: at least one was not acknowledged in time; sending all again is safe,
                because consumers count a message id once.
        """


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that the runner has consumed and parsed, and where it lay."""

    position: Position
    event: Event


class Consumer(Protocol):
    """One consumer: what it reads, and how it makes a batch durable."""

    name: str
    topics: tuple[str, ...]

    async def take(self, batch: Sequence[Taken]) -> None:
        """Make the effects of the batch durable; the offsets are committed after it returns.

        It may be called again with events it has seen (a crash, a rebalance, a client's retry),
        and must then change nothing.

        Raises:
            Unavailable: a store is away; the runner waits and calls again with the same batch.
        """


@dataclass(frozen=True, slots=True)
class Row:
    """One profile as the online store holds it: Feast's hash of one entity.

    `fields` maps raw hash fields to raw values; `version` guards a write against a concurrent one
    and is 0 for a profile that does not exist yet.
    """

    version: int = 0
    fields: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """Fields to set and to remove in one profile's row, if it is still at `version`."""

    profile: ProfileId
    version: int
    fields: Mapping[bytes, bytes]
    remove: tuple[bytes, ...] = ()


class OnlineStore(Protocol):
    """Where profiles live: Feast's online store on Redis."""

    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        """Return each profile's row, an empty one where there is none, in one round trip.

        Raises:
            Unavailable: the store does not answer.
        """

    async def save(self, writes: Sequence[Write]) -> set[ProfileId]:
        """Apply each write atomically where its version still holds; return the refused ones.

        Raises:
            Unavailable: the store does not answer; any of the writes may have been applied.
        """
