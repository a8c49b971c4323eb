"""What a profile has taken in, so that every event counts once whatever fails."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

import mmh3
import msgspec

from attune.collect.event import Event, millis
from attune.features.feature import DAY, SECOND
from attune.ids import ProfileId
from attune.stream import Position

_RETRY_WINDOW = DAY // SECOND
"""Seconds in which a client's retry of a message id is recognised."""
_RETRIES_KEPT = 256
"""Message ids kept at most, the newest; more events than that in a day lose the oldest."""
_RECENT = struct.Struct("<QI")

Place = tuple[ProfileId, str, int]
"""Source profile, topic and partition: where offsets rise from event to event."""


class Mark(NamedTuple):
    """How far a place was read: the offset of the last event, and the latest arrival (seconds)."""

    offset: int = -1
    received: int = -1

    def covers(self, offset: int, received: int) -> bool:
        """Say whether the place was read beyond an event.

        An event that comes again has arrived by the latest arrival. One that arrived after it, at
        an offset that was passed, lies in a log that began anew: topics were made again, another
        cluster took over, the light broker was restarted.
        """
        return offset <= self.offset and received <= self.received

    def __or__(self, other: "Mark") -> "Mark":
        return Mark(max(self.offset, other.offset), max(self.received, other.received))


_UNREAD = Mark()


class _Stored(msgspec.Struct, array_like=True):
    first_seen: int
    last_seen: int
    marks: list[tuple[ProfileId, str, int, int, int]]
    recent: bytes


@dataclass(slots=True)
class Ledger:
    """Offsets and message ids that a profile has applied, and when it was first and last seen.

    Marks are kept per source profile, because a profile that was handed over brings its own: two
    visitors who became one may share a partition, and neither's offset speaks for the other. All
    of it depends only on which events were taken in, not on their order.
    """

    first_seen: int = 0
    last_seen: int = 0
    marks: dict[Place, Mark] = field(default_factory=dict)
    recent: dict[int, int] = field(default_factory=dict)
    """64-bit hash of a message id -> second in which it was received."""

    def knows(self, source: ProfileId, position: Position, event: Event) -> bool:
        """Say whether the event was taken in before, from this offset or under this message id."""
        mark = self.marks.get((source, position.topic, position.partition), _UNREAD)
        return mark.covers(position.offset, _second(event)) or _hash(event.id) in self.recent

    def enter(self, source: ProfileId, position: Position, event: Event) -> None:
        """Remember the event as taken in."""
        self.pass_over(source, position, event)
        self.recent[_hash(event.id)] = _second(event)
        at = event.at
        self.first_seen = min(self.first_seen or at, at)
        self.last_seen = max(self.last_seen, at)

    def pass_over(self, source: ProfileId, position: Position, event: Event) -> bool:
        """Remember only where the event lay; say whether that was news."""
        place, second = (source, position.topic, position.partition), _second(event)
        mark = self.marks.get(place, _UNREAD)
        if mark.covers(position.offset, second):
            return False
        self.marks[place] = Mark(position.offset, max(second, mark.received))
        return True

    def absorb(self, other: "Ledger") -> None:
        """Take over what another profile had taken in."""
        for place, mark in other.marks.items():
            self.marks[place] = mark | self.marks.get(place, _UNREAD)
        self.recent.update(other.recent)
        if other.first_seen:
            self.first_seen = min(self.first_seen or other.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)

    def recall(self, other: "Ledger", source: ProfileId) -> None:
        """Learn which events of `source` another profile has taken in on its behalf."""
        for place, mark in other.marks.items():
            if place[0] == source:
                self.marks[place] = mark | self.marks.get(place, _UNREAD)
        self.recent.update(other.recent)

    def encode(self) -> bytes:
        """Return its bytes; equal ledgers give equal bytes."""
        marks = sorted((*place, *mark) for place, mark in self.marks.items())
        pairs = self._worth_keeping()
        recent = b"".join(_RECENT.pack(key, second) for key, second in pairs)
        return msgspec.msgpack.encode(_Stored(self.first_seen, self.last_seen, marks, recent))

    def _worth_keeping(self) -> list[tuple[int, int]]:
        bound = max(self.recent.values(), default=0) - _RETRY_WINDOW
        pairs = [pair for pair in self.recent.items() if pair[1] >= bound]
        if len(pairs) > _RETRIES_KEPT:
            pairs = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:_RETRIES_KEPT]
        return sorted(pairs)

    @classmethod
    def decode(cls, raw: bytes) -> "Ledger":
        """Return the ledger in stored bytes."""
        stored = msgspec.msgpack.decode(raw, type=_Stored)
        marks = {(source, t, p): Mark(*mark) for source, t, p, *mark in stored.marks}
        recent = dict(_RECENT.iter_unpack(stored.recent))
        return cls(stored.first_seen, stored.last_seen, marks, recent)


def _second(event: Event) -> int:
    return millis(event.received_at) // SECOND


def _hash(message_id: str) -> int:
    return mmh3.hash64(message_id, signed=False)[0]
