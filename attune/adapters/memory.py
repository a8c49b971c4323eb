"""Twins in memory of Kafka and Redis: as strict as the real ones, and gone with the process."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from attune.collect.event import Event, decode, encode
from attune.ports import Changes, EventLog, Heard, OnlineStore, Row, Taken, Write
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


class MemoryStore(OnlineStore):
    """Rows in a dict, with the guard of the real one."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.changes = MemoryChanges()
        self._first: dict[tuple[str, int], int] = {}
        self._complete = False

    async def begin(self, first: Mapping[tuple[str, int], int]) -> bool:
        """See `OnlineStore.begin`."""
        self._first = {**first, **self._first}
        return self._complete or not any(self._first.values())

    async def begun(self) -> tuple[dict[tuple[str, int], int], bool]:
        """See `OnlineStore.begun`."""
        return {place: n for place, n in self._first.items() if n}, self._complete

    async def complete(self) -> None:
        """See `OnlineStore.complete`."""
        self._complete = True

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        return {each: self.rows.get(each, Row()) for each in ids}

    async def ids(self) -> AsyncIterator[list[str]]:
        """See `OnlineStore.ids`."""
        yield list(self.rows)

    async def save(self, writes: Sequence[Write]) -> set[str]:
        """See `OnlineStore.save`."""
        return {write.id for write in writes if not self._apply(write)}

    def _apply(self, write: Write) -> bool:
        row = self.rows.get(write.id, Row())
        if row.version != write.version:
            return False
        states = {**row.states, **write.states}
        records = {**row.records, **write.records}
        for name in write.remove - write.states.keys() - write.records.keys():
            states.pop(name, None)
            records.pop(name, None)
        self.rows[write.id] = Row(row.version + 1, states, records, row.plain)
        self.changes.tell(write.id)
        return True
