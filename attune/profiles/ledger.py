"""What a profile has taken in, so that every event counts once whatever fails."""

import struct
from bisect import bisect_left, insort
from enum import Enum
from heapq import nsmallest
from typing import Final

import mmh3
from mypy_extensions import mypyc_attr

from attune.ids import ProfileId
from attune.profiles.arrived import Arrived
from attune.profiles.mark import Mark
from attune.profiles.reached import MARK, MARK_SIZE, Reached
from attune.profiles.spans import ALL, rest, union

_MINUTE: Final = 60  # seconds
_RETRY_WINDOW: Final = 24 * 60
"""Minutes in which a client's retry of a message id is recognised."""
_RETRIES_KEPT: Final = 256
_RETRIES_NOTED: Final = 1024
"""Message ids kept at most, the newest; more events than that in a day lose the oldest."""

# A message id that was taken in is one number of 64 bits: 40 of its hash (two of 256 ids share one
# once in 30 million profiles), 12 of the minute of its arrival, 12 of the offset it lay at. Minutes
# are told apart by 12 bits, because none is kept that is a day before the newest.
_HASH_SHIFT: Final = 24
_MINUTE_SHIFT: Final = 12
_HASH_MASK: Final = (1 << 40) - 1
_LOW: Final = (1 << 12) - 1
_LOWS: Final = (1 << 24) - 1


class Verdict(Enum):
    """What the ledger says of an event."""

    NEW = "new"
    """Take it in."""
    AGAIN = "again"
    """It was taken in from this very place: a crash or a rebalance repeats it."""
    RETRY = "retry"
    """A client has sent it again: its message id was taken in from another place."""


NEW: Final = Verdict.NEW
AGAIN: Final = Verdict.AGAIN
RETRY: Final = Verdict.RETRY

_HEAD: Final = "qqIBBBH"
"""First and last seen (ms), newest minute, whole views, places of its own, whether there are places
of others (packed behind them), message ids."""
_HEADER: Final = struct.Struct("<" + _HEAD)
_TAG: Final = 2  # bytes


@mypyc_attr(acyclic=True)
class Ledger:
    """Offsets and message ids that a profile has applied, and when it was first and last seen.

    Marks are kept per source profile, because a profile that was handed over brings its own: two
    visitors who became one may share a partition, and neither's offset speaks for the other. All
    of it depends only on which events were taken in, not on their order.
    """

    __slots__ = (
        "_oldest",
        "changed",
        "first_seen",
        "last_seen",
        "newest",
        "owner",
        "reached",
        "recent",
        "views",
    )

    def __init__(self, owner: ProfileId) -> None:
        self.owner = owner
        self.first_seen: int = 0
        self.last_seen: int = 0
        self.reached = Reached(owner)
        self.recent: list[int] = []
        """Message ids of the last day as numbers, in order, and so by their hashes."""
        self._oldest: int = 0
        """No more than the least minute of `recent`."""
        self.newest: int = 0
        """Minute of the latest arrival."""
        self.views = b""
        """Tags of the views that are whole, two bytes each; see `Kept`."""
        self.changed = False

    def enter(self, source: ProfileId, arrived: Arrived) -> Verdict:
        """Remember an event as taken in, unless it was before; say which.

        `source` is the profile under whose key it came.
        """
        offset, recent = arrived.offset, self.recent
        first = _hashed(arrived.event.id) << _HASH_SHIFT
        place = bisect_left(recent, first)
        known = recent[place] - first if place < len(recent) else _LOWS + 1
        if self.reached.enter(source, arrived):
            self.changed = True
        elif known > _LOWS or known & _LOW == offset & _LOW:
            # Taken in from here: what is too long ago to be remembered came from here as well.
            return AGAIN
        else:
            return RETRY
        if known <= _LOWS:
            return RETRY
        self._remember(first, arrived.received // _MINUTE, offset)
        self._saw(arrived.at)
        return NEW

    def _remember(self, first: int, minute: int, offset: int) -> None:
        """Take up a message id, of which `first` is the least number."""
        if minute > self.newest:
            self._move_on(minute)
        elif minute < self.newest - _RETRY_WINDOW:
            return
        insort(self.recent, first | (minute & _LOW) << _MINUTE_SHIFT | offset & _LOW)
        self._oldest = min(self._oldest, minute)

    def _move_on(self, newest: int) -> None:
        """Go on to a minute, and let go of what is a day before it."""
        bound = newest - _RETRY_WINDOW
        if self._oldest < bound:
            held = [(_minute(number, self.newest), number) for number in self.recent]
            self.recent = [number for minute, number in held if minute >= bound]
            self._oldest = min([minute for minute, _ in held if minute >= bound], default=newest)
        self.newest = newest

    def advance(self, arrived: Arrived) -> bool:
        """Remember how far a place was read; say whether the event there is new."""
        if not self.reached.enter(self.owner, arrived):
            return False
        self.changed = True
        self._saw(arrived.at)
        return True

    def note(self, source: ProfileId, arrived: Arrived, *, id_too: bool) -> None:
        """Remember an event whatever its offset, and its message id where that is wanted."""
        position = arrived.position
        place = (source, position.topic, position.partition)
        mark = Mark(arrived.offset, arrived.received) | self.reached.mark(place)
        self.reached.set_mark(place, mark)
        if id_too:
            first = _hashed(arrived.event.id) << _HASH_SHIFT
            index = bisect_left(self.recent, first)
            if index == len(self.recent) or self.recent[index] > first | _LOWS:
                self._remember(first, arrived.received // _MINUTE, arrived.offset)
            if len(self.recent) > _RETRIES_NOTED:
                self._bound()
        self.changed = True
        self._saw(arrived.at)

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
        reached = self.reached
        for place, mark in other.reached.marks.items():
            ours, taken, theirs = (
                reached.mark(place),
                reached.others(place),
                other.reached.others(place),
            )
            joined = mark | ours
            reached.set_mark(place, joined)
            if theirs or taken:
                left = (*rest(taken, ours.offset), *rest(theirs, mark.offset))
                reached.set_others(place, rest(union(left), joined.offset))
        self._learn(other)
        if other.first_seen:
            self.first_seen = min(self.first_seen or other.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)

    def recall(self, other: "Ledger", source: ProfileId) -> None:
        """Learn which events of `source` another profile has taken in on its behalf."""
        self.changed = True
        reached = self.reached
        for place, mark in other.reached.marks.items():
            if place[0] == source:
                ours = reached.mark(place)
                joined = mark | ours
                reached.set_mark(place, joined)
                news = (ours.offset, joined.offset)
                reached.set_others(place, union((*reached.others(place), news)))
        self._learn(other)

    def give_away(self) -> None:
        """Note that all that was taken in is somebody else's now."""
        self.changed = True
        for place, mark in self.reached.marks.items():
            self.reached.set_others(place, union(((ALL, mark.offset),)))

    def encode(self, form: bytes) -> bytes:
        """Return its bytes behind that of their format; equal ledgers give equal ones."""
        if len(self.recent) > _RETRIES_KEPT:
            self._bound()
        own, foreign = self.reached.packed()
        ids = self.recent
        views, marks = self.views, len(own) // 4
        packed: bytes = _layout(len(views), marks, len(foreign), len(ids)).pack(
            form,
            self.first_seen,
            self.last_seen,
            self.newest,
            len(views) // _TAG,
            marks,
            1 if foreign else 0,
            len(ids),
            views,
            *own,
            foreign,
            *ids,
        )
        return packed

    def _learn(self, other: "Ledger") -> None:
        """Take over another ledger's message ids; what is known of one here is forgotten."""
        if other.newest > self.newest:
            self._move_on(other.newest)
        bound = self.newest - _RETRY_WINDOW
        theirs = [number for number in other.recent if _minute(number, other.newest) >= bound]
        known = {number >> _HASH_SHIFT: number for number in (*self.recent, *theirs)}
        self.recent = sorted(known.values())
        self._oldest = bound

    def _bound(self) -> None:
        """Keep the newest message ids."""
        excess = len(self.recent) - _RETRIES_KEPT
        for number in nsmallest(excess, self.recent, key=self._came):
            self.recent.remove(number)

    def _came(self, number: int) -> int:
        return _minute(number, self.newest) << _MINUTE_SHIFT | number & _LOW

    @classmethod
    def decode(cls, owner: ProfileId, raw: bytes) -> "Ledger":
        """Return the ledger in stored bytes.

        Raises:
            struct.error, ValueError: they are none.
        """
        found = cls(owner)
        first, last, newest, views, own, foreign, ids = _HEADER.unpack_from(raw)
        found.first_seen, found.last_seen, found.newest = first, last, newest
        start = _HEADER.size + views * _TAG
        found.views = raw[_HEADER.size : start]
        start = found.reached.unpack(raw, start, own, foreign=bool(foreign))
        if len(raw) != start + 8 * ids:
            raise ValueError(f"a ledger of {len(raw)} bytes with {ids} message ids")
        found._oldest = newest - _RETRY_WINDOW
        found.recent = list(struct.unpack_from(f"<{ids}Q", raw, start))
        return found


def glance(raw: bytes) -> tuple[int, int, bytes]:
    """Return when a profile was first and last seen (ms), and the tags of its whole views.

    Of a stored ledger; the rest of it is not looked at.

    Raises:
        struct.error, ValueError: the bytes are no ledger.
    """
    first, last, _, views, own, _, ids = _HEADER.unpack_from(raw)
    end = _HEADER.size + views * _TAG
    if len(raw) < end + own * MARK_SIZE + 8 * ids:
        raise ValueError(f"a ledger of {len(raw)} bytes")
    return first, last, raw[_HEADER.size : end]


def _layout(views: int, marks: int, foreign: int, ids: int) -> struct.Struct:
    """Return the layout of a ledger behind its format, with so many bytes, marks, bytes and ids."""
    if foreign:
        return struct.Struct(f"<1s{_HEAD}{views}s{marks * MARK}{foreign}s{ids}Q")
    shape = (views << 8 | marks) << 16 | ids
    found = _LAYOUTS.get(shape)
    if found is None:
        found = struct.Struct(f"<1s{_HEAD}{views}s{marks * MARK}0s{ids}Q")
        if len(_LAYOUTS) < _SHAPES:
            _LAYOUTS[shape] = found
    return found


_SHAPES: Final = 10_000
_LAYOUTS: Final[dict[int, struct.Struct]] = {}


def _minute(number: int, newest: int) -> int:
    """Return when a message id came: the latest minute up to the newest that ends so."""
    return newest - (newest - (number >> _MINUTE_SHIFT) & _LOW)


def _hashed(message_id: str) -> int:
    return mmh3.hash64(message_id, 0, True, False)[0] & _HASH_MASK
