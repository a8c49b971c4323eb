"""How far each log was read for one entity, and the bytes of that."""

from typing import Annotated, Final, TypeAlias

import msgspec
from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64, mypyc_attr

from attune.ids import ProfileId
from attune.profiles.arrived import NO_LOG, PARTITION_BITS, Arrived, log_of, name_of
from attune.profiles.mark import UNREAD, Mark, Place
from attune.profiles.spans import Spans
from attune.stream import TOPICS
from attune.unsigned import put_u8, put_u16, put_u32, u16, u32

MARK_SIZE: Final = 15
"""Bytes of a packed mark: topic, partition (2), offset (8), second (4)."""
_NUMBERS: Final = {topic: number for number, topic in enumerate(TOPICS)}
_RANKED: Final = [_NUMBERS[topic] for topic in sorted(TOPICS)]
"""What a topic is in stored bytes, by its place in the number of a log."""
_FIRST: Final = [log_of(topic, 0) for topic in TOPICS]
"""The number of a topic's first log, by what the topic is in stored bytes."""
_PARTITION: Final = (1 << PARTITION_BITS) - 1
_NEVER: Final = -1  # see `UNREAD`
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=_NEVER, le=(1 << 63) - 1)]
Foreign: TypeAlias = tuple[ProfileId, str, int, _Number, _Number, Spans]
"""Source, topic, partition, and of its mark the offset, the arrival, and what others have."""
_FOREIGN: Final = msgspec.msgpack.Decoder(list[Foreign])


@mypyc_attr(acyclic=True)
class Reach:
    """How far one log was read, as `Mark` says it; changed from event to event."""

    __slots__ = ("offset", "received")

    def __init__(self, offset: i64, received: i64) -> None:
        self.offset = offset
        self.received = received

    def go_to(self, offset: i64, received: i64) -> bool:
        """Move on to an event; say whether its place was not covered yet (`Mark.covers`)."""
        if offset <= self.offset and received <= self.received:
            return False
        self.offset = offset
        self.received = max(self.received, received)
        return True


@mypyc_attr(acyclic=True)
class Reached(Reach):
    """Marks by source profile and log; the owner's own ones are found, and packed, at once.

    It is itself the mark of the owner's first log: most entities are in no other.
    """

    __slots__ = ("_foreign", "_log", "_others", "_own", "owner")

    def __init__(self, owner: ProfileId) -> None:
        super().__init__(_NEVER, _NEVER)
        self.owner = owner
        self._log: int = NO_LOG
        """Number of the owner's first log, whose mark this is."""
        self._own: dict[int, Reach] | None = None
        """The owner's further logs, by number."""
        self._foreign: dict[Place, Reach] | None = None
        """Of other sources; most rows never have any, so that no dict is made for them."""
        self._others: dict[Place, Spans] | None = None
        """Offsets up to a mark that somebody else has: who had the source linked to them before."""

    def reach(self, source: ProfileId, arrived: Arrived) -> bool:
        """Move on to an event; say whether its place was not covered yet (`Mark.covers`)."""
        offset, received, log = arrived.offset, arrived.received, arrived.log
        if log == NO_LOG or source != self.owner:
            position = arrived.position
            place = (source, position.topic, position.partition)
            if self._foreign is None:
                self._foreign = {}
            reach = self._foreign.get(place)
            if reach is None:
                self._foreign[place] = Reach(offset, received)
                return True
            return reach.go_to(offset, received)
        return self._at(log).go_to(offset, received)

    def _at(self, log: int) -> Reach:
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
            found[self.owner, topic, partition] = Mark(at.offset, at.received)
        return found

    def mark(self, place: Place) -> Mark:
        """Return how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        own = source == self.owner and log != NO_LOG
        reach = self._all_own().get(log) if own else (self._foreign or {}).get(place)
        return UNREAD if reach is None else Mark(reach.offset, reach.received)

    def set_mark(self, place: Place, mark: Mark) -> None:
        """Say how far a place was read."""
        source, topic, partition = place
        log = log_of(topic, partition)
        if source == self.owner and log != NO_LOG:
            reach = self._at(log)
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

    def pack_into(self, out: BytesWriter) -> tuple[int, bool]:
        """Write the owner's own marks, then those of others; say how many, and whether any."""
        if self._foreign or self._others:
            return self._pack_apart(out)
        if self._own is None and self._log != NO_LOG:
            _pack(self._log, self, out)
            return 1, False
        own = self._all_own()
        for log, reach in own.items():
            _pack(log, reach, out)
        return len(own), False

    def _pack_apart(self, out: BytesWriter) -> tuple[int, bool]:
        own = 0
        foreign: list[Foreign] = []
        marks = self.marks
        for place in sorted(marks):
            source, topic, partition = place
            mark, others = marks[place], self.others(place)
            log = log_of(topic, partition)
            if others or source != self.owner or log == NO_LOG:
                foreign.append((source, topic, partition, mark.offset, mark.received, others))
            else:
                _pack(log, Reach(mark.offset, mark.received), out)
                own += 1
        if foreign:
            packed = msgspec.msgpack.encode(foreign)
            put_u16(out, len(packed))
            out.write(packed)
        return own, bool(foreign)

    def unpack(self, raw: bytes, start: i64, own: int, *, foreign: bool) -> i64:
        """Take in `own` packed marks, and those of others if there are any; say where they end.

        Raises:
            ValueError, IndexError: they are none.
        """
        for _ in range(own):
            reach = self._at(_FIRST[raw[start]] | u16(raw, start + 1))
            reach.offset, reach.received = read_i64_le(raw, start + 3), u32(raw, start + 11)
            if reach.offset < 0:
                raise ValueError(f"{reach.offset} is not an offset")
            start += MARK_SIZE
        if not foreign:
            return start
        end = start + 2 + u16(raw, start)
        packed = raw[start + 2 : end]
        for source, topic, partition, offset, received, others in _FOREIGN.decode(packed):
            place = (source, topic, partition)
            self.set_mark(place, Mark(offset, received))
            self.set_others(place, others)
        return end


def _pack(log: int, reach: Reach, out: BytesWriter) -> None:
    put_u8(out, _RANKED[log >> PARTITION_BITS])
    put_u16(out, log & _PARTITION)
    write_i64_le(out, reach.offset)
    put_u32(out, reach.received)
