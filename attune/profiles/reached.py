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
_LENGTH = struct.Struct("<H")
_NUMBERS: Final = {topic: number for number, topic in enumerate(TOPICS)}
_RANKED: Final = [_NUMBERS[topic] for topic in sorted(TOPICS)]
"""What a topic is in stored bytes, by its place in the number of a log."""
Foreign: TypeAlias = tuple[ProfileId, str, int, int, int, Spans]
"""Source, topic, partition, and of its mark the offset, the arrival, and what others have."""
_FOREIGN = msgspec.msgpack.Decoder(list[Foreign])


@mypyc_attr(acyclic=True)
class Reach:
    """How far one log was read, as `Mark` says it; changed from event to event."""

    __slots__ = ("offset", "received")

    def __init__(self, offset: int, received: int) -> None:
        self.offset: int = offset
        self.received: int = received


@mypyc_attr(acyclic=True)
class Reached:
    """Marks by source profile and log; the owner's own ones are found, and packed, at once."""

    __slots__ = ("_foreign", "_others", "_own", "_owner")

    def __init__(self, owner: ProfileId) -> None:
        self._owner = owner
        self._own: dict[int, Reach] = {}
        """By the number of the log."""
        self._foreign: dict[Place, Reach] | None = None
        """Of other sources; most rows never have any, so that no dict is made for them."""
        self._others: dict[Place, Spans] | None = None
        """Offsets up to a mark that somebody else has: who had the source linked to them before."""

    def advance(self, source: ProfileId, arrived: Arrived) -> bool:
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
        else:
            reach = self._own.get(log)
            if reach is None:
                self._own[log] = Reach(offset, received)
                return True
        if offset <= reach.offset and received <= reach.received:
            return False
        reach.offset = offset
        reach.received = max(reach.received, received)
        return True

    @property
    def marks(self) -> dict[Place, Mark]:
        """How far each place was read."""
        foreign = self._foreign or {}
        found = {place: Mark(at.offset, at.received) for place, at in foreign.items()}
        for log, at in self._own.items():
            topic, partition = name_of(log)
            found[self._owner, topic, partition] = Mark(at.offset, at.received)
        return found

    def mark(self, place: Place) -> Mark:
        """Return how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        own = source == self._owner and log != NO_LOG
        reach = self._own.get(log) if own else (self._foreign or {}).get(place)
        return UNREAD if reach is None else Mark(reach.offset, reach.received)

    def set_mark(self, place: Place, mark: Mark) -> None:
        """Say how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        reach = Reach(mark.offset, mark.received)
        if source == self._owner and log != NO_LOG:
            self._own[log] = reach
        elif self._foreign is None:
            self._foreign = {place: reach}
        else:
            self._foreign[place] = reach

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
        own = self._own
        flat: list[int] = []
        for log in sorted(own) if len(own) > 1 else own:
            reach = own[log]
            flat.append(_RANKED[log >> PARTITION_BITS])
            flat.append(log & (1 << PARTITION_BITS) - 1)
            flat.append(reach.offset)
            flat.append(reach.received)
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
            self._own[log_of(TOPICS[number], partition)] = Reach(offset, received)
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


@cache
def _layout(count: int) -> struct.Struct:
    return struct.Struct("<" + count * MARK)
