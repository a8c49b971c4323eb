"""What a profile has taken in, so that every event counts once whatever fails."""

import struct
from array import array
from enum import Enum
from functools import cache

import mmh3
import msgspec

from attune.ids import ProfileId
from attune.stream import TOPICS, Position

_MINUTE = 60  # seconds
_RETRY_WINDOW = 24 * 60
"""Minutes in which a client's retry of a message id is recognised."""
_RETRIES_KEPT = 256
"""Message ids kept at most, the newest; more events than that in a day lose the oldest."""

# A message id that was taken in is one number of 64 bits: 40 of its hash (two of 256 ids share one
# once in 30 million profiles), 12 of the minute of its arrival, 12 of the offset it lay at.
_HASH_SHIFT, _MINUTE_SHIFT = 24, 12
_HASH_MASK = (1 << 40) - 1
_LOW = (1 << 12) - 1
_LOWS = (1 << 24) - 1
_FEW = 8  # message ids that may stay however old they are

Place = tuple[ProfileId, str, int]
"""Source profile, topic and partition: where offsets rise from event to event."""

_Key = int | Place
"""A place as a ledger has it: one of the owner's own is a number, made of topic and partition."""


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
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


class Verdict(Enum):
    """What the ledger says of an event."""

    NEW = "new"
    """Take it in."""
    AGAIN = "again"
    """It was taken in from this very place: a crash or a rebalance repeats it."""
    RETRY = "retry"
    """A client has sent it again: its message id was taken in from another place."""


UNREAD = Mark()
NEW, AGAIN, RETRY = Verdict.NEW, Verdict.AGAIN, Verdict.RETRY

_HEAD = struct.Struct("<qqIBBBH")
"""First and last seen (ms), newest minute, whole views, places of its own, whether there are places
of others (packed behind them), message ids."""
_MARK = "BHQI"  # topic, partition, offset, second
_MARK_SIZE = struct.calcsize("<" + _MARK)
_TAG = 2  # bytes
_LENGTH = struct.Struct("<H")
_FOREIGN = msgspec.msgpack.Decoder(list[tuple[ProfileId, str, int, int, int]])
_NUMBERS = {topic: number for number, topic in enumerate(TOPICS)}
_TOPIC = 0xFF


class Ledger:
    """Offsets and message ids that a profile has applied, and when it was first and last seen.

    Marks are kept per source profile, because a profile that was handed over brings its own: two
    visitors who became one may share a partition, and neither's offset speaks for the other. All
    of it depends only on which events were taken in, not on their order.
    """

    __slots__ = (
        "_marks",
        "changed",
        "first_seen",
        "last_seen",
        "newest",
        "owner",
        "recent",
        "views",
    )

    def __init__(self, owner: ProfileId) -> None:
        self.owner = owner
        self.first_seen = 0
        self.last_seen = 0
        self._marks: dict[_Key, Mark] = {}
        self.recent: dict[int, int] = {}
        """40-bit hash of a message id -> minute of its arrival, and low bits of its offset."""
        self.newest = 0
        """Minute of the latest arrival."""
        self.views = b""
        """Tags of the views that are whole, two bytes each; see `Kept`."""
        self.changed = False

    def enter(
        self, source: ProfileId, position: Position, message_id: str, received: int, at: int
    ) -> Verdict:
        """Remember an event as taken in, unless it was before; say which.

        `received` is the second of its arrival, `at` the millisecond in which it happened.
        """
        place = self._key(source, position.topic, position.partition)
        offset = position.offset
        mark = self._marks.get(place)
        hashed = mmh3.hash64(message_id, signed=False)[0] & _HASH_MASK
        known = self.recent.get(hashed)
        if mark is None:
            self._marks[place] = Mark(offset, received)
            self.changed = True
        elif offset > mark.offset or received > mark.received:
            self._marks[place] = Mark(offset, max(received, mark.received))
            self.changed = True
        elif known is None or known & _LOW == offset & _LOW:
            # Taken in from here: what is too long ago to be remembered came from here as well.
            return AGAIN
        else:
            return RETRY
        if known is not None:
            return RETRY
        minute = received // _MINUTE
        self.newest = max(self.newest, minute)
        self.recent[hashed] = minute << _MINUTE_SHIFT | offset & _LOW
        self._saw(at)
        return NEW

    def advance(self, position: Position, received: int, at: int) -> bool:
        """Remember how far a place was read; say whether the event there is new."""
        place = self._key(self.owner, position.topic, position.partition)
        offset = position.offset
        mark = self._marks.get(place, UNREAD)
        if offset <= mark.offset and received <= mark.received:
            return False
        self._marks[place] = Mark(offset, max(received, mark.received))
        self.changed = True
        self._saw(at)
        return True

    def _saw(self, at: int) -> None:
        self.last_seen = max(self.last_seen, at)
        if not self.first_seen or at < self.first_seen:
            self.first_seen = at

    def _key(self, source: ProfileId, topic: str, partition: int) -> _Key:
        number = _NUMBERS.get(topic)
        if number is None or source != self.owner:
            return source, topic, partition
        return partition << 8 | number

    def _place(self, key: _Key) -> Place:
        if isinstance(key, tuple):
            return key
        return self.owner, TOPICS[key & _TOPIC], key >> 8

    @property
    def marks(self) -> dict[Place, Mark]:
        """How far each place was read."""
        return {self._place(key): mark for key, mark in self._marks.items()}

    def _raise(self, place: Place, mark: Mark) -> None:
        key = self._key(*place)
        self._marks[key] = mark | self._marks.get(key, UNREAD)

    def has(self, tag: int) -> bool:
        """Say whether the view with this tag is whole."""
        return tag in memoryview(self.views).cast("H")

    def absorb(self, other: "Ledger") -> None:
        """Take over what another profile had taken in."""
        self.changed = True
        for place, mark in other.marks.items():
            self._raise(place, mark)
        self.recent.update(other.recent)
        self.newest = max(self.newest, other.newest)
        if other.first_seen:
            self.first_seen = min(self.first_seen or other.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)

    def recall(self, other: "Ledger", source: ProfileId) -> None:
        """Learn which events of `source` another profile has taken in on its behalf."""
        self.changed = True
        for place, mark in other.marks.items():
            if place[0] == source:
                self._raise(place, mark)
        self.recent.update(other.recent)
        self.newest = max(self.newest, other.newest)

    def encode(self) -> bytes:
        """Return its bytes; equal ledgers give equal bytes."""
        if len(self.recent) > _FEW:
            self._forget()
        own, count, foreign = self._packed_marks()
        numbers = [hashed << _HASH_SHIFT | known & _LOWS for hashed, known in self.recent.items()]
        numbers.sort()
        head = _HEAD.pack(
            self.first_seen,
            self.last_seen,
            self.newest,
            len(self.views) // _TAG,
            count,
            bool(foreign),
            len(numbers),
        )
        return b"".join((head, self.views, own, foreign, array("Q", numbers).tobytes()))

    def _packed_marks(self) -> tuple[bytes, int, bytes]:
        """Return the owner's own, how many those are, and those of others."""
        own = sorted([key for key in self._marks if isinstance(key, int)])
        flat: list[int] = []
        for key in own:
            mark = self._marks[key]
            flat += (key & _TOPIC, key >> 8, mark.offset, mark.received)
        packed = _marks_layout(len(own)).pack(*flat)
        if len(own) == len(self._marks):
            return packed, len(own), b""
        foreign = [
            (*key, mark.offset, mark.received)
            for key, mark in self._marks.items()
            if isinstance(key, tuple)
        ]
        others = msgspec.msgpack.encode(sorted(foreign))
        return packed, len(own), _LENGTH.pack(len(others)) + others

    def _forget(self) -> None:
        """Keep the message ids of a day, and of those the newest."""
        bound = self.newest - _RETRY_WINDOW << _MINUTE_SHIFT
        if len(self.recent) <= _RETRIES_KEPT and min(self.recent.values()) >= bound:
            return
        kept = [(known, hashed) for hashed, known in self.recent.items() if known >= bound]
        kept.sort(reverse=True)
        self.recent = {hashed: known for known, hashed in kept[:_RETRIES_KEPT]}

    @classmethod
    def decode(cls, owner: ProfileId, raw: bytes) -> "Ledger":
        """Return the ledger in stored bytes.

        Raises:
            struct.error, ValueError: they are none.
        """
        found = cls(owner)
        first, last, newest, views, own, foreign, ids = _HEAD.unpack_from(raw)
        found.first_seen, found.last_seen, found.newest = first, last, newest
        start = _HEAD.size + views * _TAG
        found.views = raw[_HEAD.size : start]
        flat = _marks_layout(own).unpack_from(raw, start)
        for place in range(0, len(flat), 4):
            number, partition, offset, second = flat[place : place + 4]
            found._marks[partition << 8 | number] = Mark(offset, second)
        start += own * _MARK_SIZE
        if foreign:
            (length,) = _LENGTH.unpack_from(raw, start)
            start += _LENGTH.size
            for source, topic, partition, *mark in _FOREIGN.decode(raw[start : start + length]):
                found._raise((source, topic, partition), Mark(*mark))
            start += length
        if len(raw) != start + 8 * ids:
            raise ValueError(f"a ledger of {len(raw)} bytes with {ids} message ids")
        numbers = array("Q", raw[start:])
        for number in numbers:
            low = number >> _MINUTE_SHIFT & _LOW
            # The minute was cut to 12 bits: it is the latest one that ends so.
            minute = newest - ((newest - low) & _LOW)
            found.recent[number >> _HASH_SHIFT] = minute << _MINUTE_SHIFT | number & _LOW
        return found


@cache
def _marks_layout(count: int) -> struct.Struct:
    return struct.Struct("<" + count * _MARK)
