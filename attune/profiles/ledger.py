"""What a profile has taken in, so that every event counts once whatever fails."""

import struct
from array import array
from enum import Enum
from functools import cache
from typing import Final, TypeAlias

import mmh3
import msgspec

from attune.ids import ProfileId
from attune.profiles.mark import UNREAD, Mark, Place
from attune.profiles.spans import ALL, Spans, rest, union
from attune.stream import TOPICS, Position

_MINUTE: Final = 60  # seconds
_RETRY_WINDOW: Final = 24 * 60
"""Minutes in which a client's retry of a message id is recognised."""
_RETRIES_KEPT: Final = 256
_RETRIES_NOTED: Final = 1024
"""Message ids kept at most, the newest; more events than that in a day lose the oldest."""

# A message id that was taken in is one number of 64 bits: 40 of its hash (two of 256 ids share one
# once in 30 million profiles), 12 of the minute of its arrival, 12 of the offset it lay at.
_HASH_SHIFT: Final = 24
_MINUTE_SHIFT: Final = 12
_HASH_MASK: Final = (1 << 40) - 1
_LOW: Final = (1 << 12) - 1
_LOWS: Final = (1 << 24) - 1
_FEW: Final = 8  # message ids that may stay however old they are


class Verdict(Enum):
    """What the ledger says of an event."""

    NEW = "new"
    """Take it in."""
    AGAIN = "again"
    """It was taken in from this very place: a crash or a rebalance repeats it."""
    RETRY = "retry"
    """A client has sent it again: its message id was taken in from another place."""


NEW, AGAIN, RETRY = Verdict.NEW, Verdict.AGAIN, Verdict.RETRY

_HEAD = struct.Struct("<qqIBBBH")
"""First and last seen (ms), newest minute, whole views, places of its own, whether there are places
of others (packed behind them), message ids."""
_MARK = "BHQI"  # topic, partition, offset, second
_MARK_SIZE = struct.calcsize("<" + _MARK)
_TAG: Final = 2  # bytes
_LENGTH = struct.Struct("<H")
Foreign: TypeAlias = tuple[ProfileId, str, int, int, int, Spans]
"""Source, topic, partition, and of its mark the offset, the arrival, and what others have."""
_FOREIGN = msgspec.msgpack.Decoder(list[Foreign])
_NUMBERS = {topic: number for number, topic in enumerate(TOPICS)}


class Ledger:
    """Offsets and message ids that a profile has applied, and when it was first and last seen.

    Marks are kept per source profile, because a profile that was handed over brings its own: two
    visitors who became one may share a partition, and neither's offset speaks for the other. All
    of it depends only on which events were taken in, not on their order.
    """

    __slots__ = (
        "changed",
        "first_seen",
        "last_seen",
        "marks",
        "newest",
        "others",
        "owner",
        "recent",
        "views",
    )

    def __init__(self, owner: ProfileId) -> None:
        self.owner = owner
        self.first_seen = 0
        self.last_seen = 0
        self.marks: dict[Place, Mark] = {}
        self.others: dict[Place, Spans] = {}
        """Offsets up to a mark that somebody else has: who had the source linked to them before."""
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
        place = (source, position.topic, position.partition)
        offset = position.offset
        mark = self.marks.get(place)
        hashed = mmh3.hash64(message_id, signed=False)[0] & _HASH_MASK
        known = self.recent.get(hashed)
        if mark is None:
            self.marks[place] = Mark(offset, received)
            self.changed = True
        elif offset > mark.offset or received > mark.received:
            self.marks[place] = Mark(offset, max(received, mark.received))
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

    def note(
        self, source: ProfileId, position: Position, message_id: str | None, received: int, at: int
    ) -> None:
        """Remember an event whatever its offset; without a message id, only its place."""
        place = (source, position.topic, position.partition)
        self.marks[place] = Mark(position.offset, received) | self.marks.get(place, UNREAD)
        if message_id is not None:
            hashed = mmh3.hash64(message_id, signed=False)[0] & _HASH_MASK
            minute = received // _MINUTE
            self.newest = max(self.newest, minute)
            self.recent.setdefault(hashed, minute << _MINUTE_SHIFT | position.offset & _LOW)
            if len(self.recent) > _RETRIES_NOTED:
                self._forget()
        self.changed = True
        self._saw(at)

    def advance(self, position: Position, received: int, at: int) -> bool:
        """Remember how far a place was read; say whether the event there is new."""
        place = (self.owner, position.topic, position.partition)
        mark, offset = self.marks.get(place), position.offset
        if mark is None:
            self.marks[place] = Mark(offset, received)
        elif offset > mark.offset or received > mark.received:  # not covered
            self.marks[place] = Mark(offset, max(received, mark.received))
        else:
            return False
        self.changed = True
        self._saw(at)
        return True

    def _saw(self, at: int) -> None:
        self.last_seen = max(self.last_seen, at)
        if not self.first_seen or at < self.first_seen:
            self.first_seen = at

    def has(self, tag: int) -> bool:
        """Say whether the view with this tag is whole."""
        return tag in memoryview(self.views).cast("H")

    def absorb(self, other: "Ledger") -> None:
        """Take over what another profile had taken in."""
        self.changed = True
        for place, mark in other.marks.items():
            ours, theirs = self.marks.get(place, UNREAD), other.others.get(place, ())
            joined = self.marks[place] = mark | ours
            if theirs or place in self.others:
                taken = (
                    *rest(self.others.get(place, ()), ours.offset),
                    *rest(theirs, mark.offset),
                )
                self._set_others(place, rest(union(taken), joined.offset))
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
                ours = self.marks.get(place, UNREAD)
                joined = self.marks[place] = mark | ours
                news = (ours.offset, joined.offset)
                self._set_others(place, union((*self.others.get(place, ()), news)))
        self.recent.update(other.recent)
        self.newest = max(self.newest, other.newest)

    def give_away(self) -> None:
        """Note that all that was taken in is somebody else's now."""
        self.changed = True
        for place, mark in self.marks.items():
            self._set_others(place, union(((ALL, mark.offset),)))

    def _set_others(self, place: Place, spans: Spans) -> None:
        if spans:
            self.others[place] = spans
        else:
            self.others.pop(place, None)

    def encode(self) -> bytes:
        """Return its bytes; equal ledgers give equal bytes."""
        if len(self.recent) > _FEW:
            self._forget()
        own, foreign = self._packed_marks()
        numbers = [hashed << _HASH_SHIFT | known & _LOWS for hashed, known in self.recent.items()]
        numbers.sort()
        ids = array("Q", numbers).tobytes()
        head = _HEAD.pack(
            self.first_seen,
            self.last_seen,
            self.newest,
            len(self.views) // _TAG,
            len(own) // _MARK_SIZE,
            bool(foreign),
            len(numbers),
        )
        return b"".join((head, self.views, own, foreign, ids))

    def _packed_marks(self) -> tuple[bytes, bytes]:
        """Return the owner's own, and those of others with what tells their length."""
        own: list[int] = []
        foreign: list[Foreign] = []
        for place in sorted(self.marks):
            source, topic, partition = place
            mark, number = self.marks[place], _NUMBERS.get(topic)
            others = self.others.get(place, ()) if self.others else ()
            if number is None or others or source != self.owner:
                foreign.append((source, topic, partition, mark.offset, mark.received, others))
            else:
                own += (number, partition, mark.offset, mark.received)
        packed = _marks_layout(len(own) // 4).pack(*own)
        if not foreign:
            return packed, b""
        rest_of = msgspec.msgpack.encode(foreign)
        return packed, _LENGTH.pack(len(rest_of)) + rest_of

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
        for i in range(0, len(flat), 4):
            number, partition, offset, received = flat[i : i + 4]
            found.marks[owner, TOPICS[number], partition] = Mark(offset, received)
        start += own * _MARK_SIZE
        if foreign:
            (length,) = _LENGTH.unpack_from(raw, start)
            start += _LENGTH.size
            for source, topic, partition, offset, received, others in _FOREIGN.decode(
                raw[start : start + length]
            ):
                found.marks[source, topic, partition] = Mark(offset, received)
                found._set_others((source, topic, partition), others)
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


def glance(raw: bytes) -> tuple[int, int, bytes]:
    """Return when a profile was first and last seen (ms), and the tags of its whole views.

    Of a stored ledger; the rest of it is not looked at.

    Raises:
        struct.error, ValueError: the bytes are no ledger.
    """
    first, last, _, views, own, _, ids = _HEAD.unpack_from(raw)
    end = _HEAD.size + views * _TAG
    if len(raw) < end + own * _MARK_SIZE + 8 * ids:
        raise ValueError(f"a ledger of {len(raw)} bytes")
    return first, last, raw[_HEAD.size : end]


@cache
def _marks_layout(count: int) -> struct.Struct:
    return struct.Struct("<" + count * _MARK)
