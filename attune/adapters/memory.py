"""Twins in memory of Kafka and Redis: as strict as the real ones, and gone with the process."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from copy import copy
from dataclasses import dataclass, field

from attune.collect.event import Event, decode, encode
from attune.errors import Emptied
from attune.ports import (
    Begun,
    Changes,
    EventLog,
    Heard,
    OnlineStore,
    Places,
    Row,
    Taken,
    Write,
)
from attune.stream import Position, topic_of


class MemoryLog(EventLog):
    """Topics of one partition each; events pass through their JSON as they do in Kafka."""

    def __init__(self) -> None:
        self._topics: defaultdict[str, list[bytes]] = defaultdict(list)

    async def append(self, events: Sequence[Event]) -> None:
        """See `EventLog.append`."""
        for event in events:
            self._topics[topic_of(event)].append(encode(event))

    def read(self, *topics: str) -> list[Taken]:
        """Return all that the topics hold, as a consumer would take it."""
        return [
            Taken(Position(topic, 0, offset), decode(raw))
            for topic in topics
            for offset, raw in enumerate(self._topics[topic])
        ]


class MemoryChanges(Changes):
    """Listeners in a dict; `tell` is what a store calls."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[Heard]] = defaultdict(list)

    async def listen(self, entity: str, heard: Heard) -> None:
        """See `Changes.listen`."""
        self._listeners[entity].append(heard)

    async def leave(self, entity: str, heard: Heard) -> None:
        """See `Changes.leave`."""
        self._listeners[entity].remove(heard)

    @property
    def listened_to(self) -> set[str]:
        """Entities that somebody listens to."""
        return {entity for entity, listeners in self._listeners.items() if listeners}

    def tell(self, entity: str) -> None:
        """Have listeners know that an entity was written."""
        for heard in list(self._listeners[entity]):
            heard()


@dataclass(slots=True)
class _Noted:
    """What a store knows of its beginning; `mark` is another one after it was emptied."""

    first: dict[tuple[str, int], int] = field(default_factory=dict)
    expected: dict[tuple[str, int], int] = field(default_factory=dict)
    filled: bool = False
    mark: object = None

    def forget(self) -> None:
        """Know nothing."""
        self.first, self.expected, self.filled, self.mark = {}, {}, False, None


class MemoryStore(OnlineStore):
    """Rows in a dict, with the guards of the real one."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.changes = MemoryChanges()
        self._noted = _Noted()
        self._mark: object = None

    def beside(self) -> "MemoryStore":
        """Return the same store for somebody else, who has not joined it yet."""
        other = copy(self)
        other._mark = None  # noqa: SLF001 - one of us
        return other

    def empty(self) -> None:
        """Lose everything, as a server that starts anew without a disk."""
        self.rows.clear()
        self._noted.forget()

    async def join(self, expected: Places) -> Begun:
        """See `OnlineStore.join`."""
        noted = self._noted
        noted.mark = self._mark = noted.mark or object()
        noted.expected.update(expected)
        return _begun(noted)

    async def begin(self, first: Places) -> Begun:
        """See `OnlineStore.begin`."""
        noted = self._ours()
        noted.first = {**first, **noted.first}
        return _begun(noted)

    async def begun(self) -> Begun | None:
        """See `OnlineStore.begun`."""
        return _begun(self._noted) if self._noted.mark else None

    async def complete(self) -> None:
        """See `OnlineStore.complete`."""
        self._ours().filled = True

    def _ours(self) -> _Noted:
        if self._noted.mark is not self._mark:
            raise Emptied("the store in memory")
        return self._noted

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        return {each: self.rows.get(each, Row()) for each in ids}

    async def ids(self) -> AsyncIterator[list[str]]:
        """See `OnlineStore.ids`."""
        yield list(self.rows)

    async def save(self, writes: Sequence[Write]) -> set[str]:
        """See `OnlineStore.save`."""
        self._ours()
        return {write.id for write in writes if not self._apply(write)}

    def _apply(self, write: Write) -> bool:
        row = self.rows.get(write.id, Row())
        if row.version != write.version:
            return False
        self.rows[write.id] = row.after(write)
        self.changes.tell(write.id)
        return True


def _begun(noted: _Noted) -> Begun:
    return Begun({**noted.expected, **noted.first}, noted.filled)
