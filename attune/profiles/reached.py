"""How far each log was read for one entity, and the bytes of that."""

import struct
from functools import cache
from typing import Final, TypeAlias

import msgspec
from mypy_extensions import mypyc_attr

from attune.ids import ProfileId
from attune.profiles.arrived import NO_LOG, PARTITION_BITS, Arrived, log_of, name_of
from attune.profiles.mark import UNREAD, Mark, Place
from attune.profiles.spans import Spans
from attune.stream import TOPICS

MARK: Final = "BHQI"  # topic, partition, offset, second
MARK_SIZE: Final = struct.calcsize("<" + MARK)
_LENGTH: Final = struct.Struct("<H")
_NUMBERS: Final = {topic: number for number, topic in enumerate(TOPICS)}
_RANKED: Final = [_NUMBERS[topic] for topic in sorted(TOPICS)]
"""What a topic is in stored bytes, by its place in the number of a log."""
_NEVER: Final = -1  # see `UNREAD`
Foreign: TypeAlias = tuple[ProfileId, str, int, int, int, Spans]
"""Source, topic, partition, and of its mark the offset, the arrival, and what others have."""
_FOREIGN: Final = msgspec.msgpack.Decoder(list[Foreign])


@mypyc_attr(acyclic=True)
class Reach:
    """How far one log was read, as `Mark` says it; changed from event to event."""

    __slots__ = ("offset", "received")

    def __init__(self, offset: int, received: int) -> None:
        self.offset: int = offset
        self.received: int = received

    def advance(self, offset: int, received: int) -> bool:
        """Move on to an event; say whether its place was not covered yet (`Mark.covers`)."""
        if offset <= self.offset and received <= self.received:
            return False
        self.offset = offset
        self.received = max(received, self.received)
        return True


@mypyc_attr(acyclic=True)
class Reached(Reach):
    """Marks by source profile and log; the owner's own ones are found, and packed, at once.

    It is itself the mark of the owner's first log: most entities are in no other.
    """

    __slots__ = ("_foreign", "_log", "_others", "_own", "_owner")

    def __init__(self, owner: ProfileId) -> None:
        super().__init__(_NEVER, _NEVER)
        self._owner = owner
        self._log: int = NO_LOG
        """Number of the owner's first log, whose mark this is."""
        self._own: dict[int, Reach] | None = None
        """The owner's further logs, by number."""
        self._foreign: dict[Place, Reach] | None = None
        """Of other sources; most rows never have any, so that no dict is made for them."""
        self._others: dict[Place, Spans] | None = None
        """Offsets up to a mark that somebody else has: who had the source linked to them before."""

    def enter(self, source: ProfileId, arrived: Arrived) -> bool:
        """Move on to an event; say whether its place was not covered yet (`Mark.covers`)."""
        offset, received, log = arrived.offset, arrived.received, arrived.log
        if log == NO_LOG or source != self._owner:
            position = arrived.position
            place = (source, position.topic, position.partition)
            if self._foreign is None:
                self._foreign = {}
            reach = self._foreign.get(place)
            if reach is None:
                self._foreign[place] = Reach(offset, received)
                return True
            return reach.advance(offset, received)
        return self._reach(log).advance(offset, received)

    def _reach(self, log: int) -> Reach:
        """Return the mark of one of the owner's logs, which is unread if there was none."""
        if log == self._log:
            return self
        if self._log == NO_LOG:
            self._log = log
            return self
        if self._own is None:
            self._own = {}
        reach = self._own.get(log)
        if reach is None:
            reach = self._own[log] = Reach(_NEVER, _NEVER)
        return reach

    def _all_own(self) -> dict[int, Reach]:
        """Return the marks of the owner's logs, in the order of these."""
        if self._log == NO_LOG:
            return {}
        found: dict[int, Reach] = {self._log: self}
        if self._own is not None:
            found.update(self._own)
            return dict(sorted(found.items()))
        return found

    @property
    def marks(self) -> dict[Place, Mark]:
        """How far each place was read."""
        foreign = self._foreign or {}
        found = {place: Mark(at.offset, at.received) for place, at in foreign.items()}
        for log, at in self._all_own().items():
            topic, partition = name_of(log)
            found[self._owner, topic, partition] = Mark(at.offset, at.received)
        return found

    def mark(self, place: Place) -> Mark:
        """Return how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        own = source == self._owner and log != NO_LOG
        reach = self._all_own().get(log) if own else (self._foreign or {}).get(place)
        return UNREAD if reach is None else Mark(reach.offset, reach.received)

    def set_mark(self, place: Place, mark: Mark) -> None:
        """Say how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        if source == self._owner and log != NO_LOG:
            reach = self._reach(log)
            reach.offset, reach.received = mark.offset, mark.received
            return
        if self._foreign is None:
            self._foreign = {}
        self._foreign[place] = Reach(mark.offset, mark.received)

    def others(self, place: Place) -> Spans:
        """Return the offsets of a place up to its mark that somebody else has."""
        return self._others.get(place, ()) if self._others is not None else ()

    def set_others(self, place: Place, spans: Spans) -> None:
        """Say which offsets of a place somebody else has."""
        if self._others is None:
            self._others = {}
        if spans:
            self._others[place] = spans
        else:
            self._others.pop(place, None)

    def packed(self) -> tuple[list[int], bytes]:
        """Return the owner's own marks, four numbers each, and those of others as bytes."""
        if self._foreign or self._others:
            return self._packed_apart()
        if self._own is None and self._log != NO_LOG:
            return _flat(self._log, self), b""
        flat: list[int] = []
        for log, reach in self._all_own().items():
            flat += _flat(log, reach)
        return flat, b""

    def _packed_apart(self) -> tuple[list[int], bytes]:
        own: list[int] = []
        foreign: list[Foreign] = []
        marks = self.marks
        for place in sorted(marks):
            source, topic, partition = place
            mark, others = marks[place], self.others(place)
            if others or source != self._owner or log_of(topic, partition) == NO_LOG:
                foreign.append((source, topic, partition, mark.offset, mark.received, others))
            else:
                own += (_NUMBERS[topic], partition, mark.offset, mark.received)
        if not foreign:
            return own, b""
        rest_of = msgspec.msgpack.encode(foreign)
        return own, _LENGTH.pack(len(rest_of)) + rest_of

    def unpack(self, raw: bytes, start: int, own: int, *, foreign: bool) -> int:
        """Take in `own` packed marks, and those of others if there are any; say where they end.

        Raises:
            struct.error, ValueError, IndexError: they are none.
        """
        flat = _layout(own).unpack_from(raw, start)
        for i in range(0, len(flat), 4):
            number, partition, offset, received = flat[i : i + 4]
            reach = self._reach(log_of(TOPICS[number], partition))
            reach.offset, reach.received = offset, received
        start += own * MARK_SIZE
        if not foreign:
            return start
        length: int = _LENGTH.unpack_from(raw, start)[0]
        start += _LENGTH.size
        end = start + length
        for source, topic, partition, offset, received, others in _FOREIGN.decode(raw[start:end]):
            place = (source, topic, partition)
            self.set_mark(place, Mark(offset, received))
            self.set_others(place, others)
        return end


def _flat(log: int, reach: Reach) -> list[int]:
    rank, partition = _RANKED[log >> PARTITION_BITS], log & (1 << PARTITION_BITS) - 1
    return [rank, partition, reach.offset, reach.received]


@cache
def _layout(count: int) -> struct.Struct:
    return struct.Struct("<" + count * MARK)
