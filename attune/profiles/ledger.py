"""What a profile has taken in, so that every event counts once whatever fails."""

from enum import Enum
from typing import Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from librt.vecs import vec
from mypy_extensions import i64, mypyc_attr

from attune.ids import ProfileId
from attune.profiles import recent
from attune.profiles.arrived import Arrived
from attune.profiles.mark import Mark
from attune.profiles.reached import MARK_SIZE, Reached
from attune.profiles.spans import ALL, rest, union
from attune.unsigned import put_u8, put_u16, put_u32, set_u8, u16, u32

_MINUTE: Final = 60  # seconds
_RETRY_WINDOW: Final = 24 * 60
"""Minutes in which a client's retry of a message id is recognised."""
_RETRIES_KEPT: Final = 256
_RETRIES_NOTED: Final = 1024
"""Message ids kept at most, the newest; more events than that in a day lose the oldest."""


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

# Where everything lies in stored bytes: first and last seen (ms, 8 bytes each), and then these.
_NEWEST: Final = 16  # minute, 4 bytes
_VIEWS: Final = 20  # how many are whole
_PLACES: Final = 21  # how many of its own
_FOREIGN: Final = 22  # whether there are places of others, packed behind them
_IDS: Final = 23  # how many messages, 2 bytes
_HEADER: Final = 25
_TAG: Final = 2  # bytes for each view; places and ids of messages follow


@mypyc_attr(acyclic=True)
class Ledger(Reached):
    """Offsets and message ids that a profile has applied, and when it was first and last seen.

    Marks are kept per source profile, because a profile that was handed over brings its own: two
    visitors who became one may share a partition, and neither's offset speaks for the other. All
    of it depends only on which events were taken in, not on their order.

    One object with its marks: what an event costs a row that was not touched for a while is mostly
    waiting for memory, once for each object.
    """

    __slots__ = (
        "_oldest",
        "changed",
        "first_seen",
        "last_seen",
        "newest",
        "recent",
        "views",
    )

    def __init__(self, owner: ProfileId) -> None:
        super().__init__(owner)
        self.first_seen: i64 = 0
        self.last_seen: i64 = 0
        self.recent = vec[i64]()
        """Message ids of the last day as numbers, in order."""
        self._oldest: i64 = 0
        """No more than the least minute of `recent`."""
        self.newest: i64 = 0
        """Minute of the latest arrival."""
        self.views = b""
        """Tags of the views that are whole, two bytes each; see `Kept`."""
        self.changed = False

    def enter(self, source: ProfileId, arrived: Arrived) -> Verdict:
        """Remember an event as taken in, unless it was before; say which.

        `source` is the profile under whose key it came.
        """
        offset: i64 = arrived.offset
        ids = self.recent
        first = recent.first_of(arrived.event.id)
        place = recent.place_of(ids, first)
        known = place < len(ids) and ids[place] <= first | recent.LOWS
        if self.reach(source, arrived):
            self.changed = True
        elif not known or (ids[place] ^ offset) & recent.LOW == 0:
            # Taken in from here: what is too long ago to be remembered came from here as well.
            return AGAIN
        else:
            return RETRY
        if known:
            return RETRY
        self._remember(first, arrived.received // _MINUTE, offset)
        self._saw(arrived.at)
        return NEW

    def _remember(self, first: i64, minute: i64, offset: i64) -> None:
        """Take up a message id, of which `first` is the least number."""
        if minute > self.newest:
            self._move_on(minute)
        elif minute < self.newest - _RETRY_WINDOW:
            return
        place = recent.place_of(self.recent, first)
        number = recent.number_of(first, minute, offset)
        self.recent = recent.inserted(self.recent, place, number)
        self._oldest = min(self._oldest, minute)

    def _move_on(self, newest: i64) -> None:
        """Go on to a minute, and let go of what is a day before it."""
        bound = newest - _RETRY_WINDOW
        if self._oldest < bound:
            self.recent = recent.since(self.recent, bound, self.newest)
            self._oldest = newest
            for number in self.recent:
                self._oldest = min(self._oldest, recent.minute_of(number, self.newest))
        self.newest = newest

    def advance(self, arrived: Arrived) -> bool:
        """Remember how far a place was read; say whether the event there is new."""
        if not self.reach(self.owner, arrived):
            return False
        self.changed = True
        self._saw(arrived.at)
        return True

    def note(self, source: ProfileId, arrived: Arrived, *, id_too: bool) -> None:
        """Remember an event whatever its offset, and its message id where that is wanted."""
        position = arrived.position
        place = (source, position.topic, position.partition)
        mark = Mark(arrived.offset, arrived.received) | self.mark(place)
        self.set_mark(place, mark)
        if id_too:
            first = recent.first_of(arrived.event.id)
            index = recent.place_of(self.recent, first)
            if index == len(self.recent) or self.recent[index] > first | recent.LOWS:
                self._remember(first, arrived.received // _MINUTE, arrived.offset)
            if len(self.recent) > _RETRIES_NOTED:
                self._bound()
        self.changed = True
        self._saw(arrived.at)

    def _saw(self, at: i64) -> None:
        self.last_seen = max(self.last_seen, at)
        if at < self.first_seen or not self.first_seen:
            self.first_seen = at

    def has(self, tag: int) -> bool:
        """Say whether the view with this tag is whole."""
        return tag in memoryview(self.views).cast("H")

    def absorb(self, other: "Ledger") -> None:
        """Take over what another profile had taken in."""
        self.changed = True
        for place, mark in other.marks.items():
            ours, taken, theirs = self.mark(place), self.others(place), other.others(place)
            joined = mark | ours
            self.set_mark(place, joined)
            if theirs or taken:
                left = (*rest(taken, ours.offset), *rest(theirs, mark.offset))
                self.set_others(place, rest(union(left), joined.offset))
        self._learn(other)
        if other.first_seen:
            self.first_seen = min(self.first_seen or other.first_seen, other.first_seen)
        self.last_seen = max(self.last_seen, other.last_seen)

    def recall(self, other: "Ledger", source: ProfileId) -> None:
        """Learn which events of `source` another profile has taken in on its behalf."""
        self.changed = True
        for place, mark in other.marks.items():
            if place[0] == source:
                ours = self.mark(place)
                joined = mark | ours
                self.set_mark(place, joined)
                news = (ours.offset, joined.offset)
                self.set_others(place, union((*self.others(place), news)))
        self._learn(other)

    def give_away(self) -> None:
        """Note that all that was taken in is somebody else's now."""
        self.changed = True
        for place, mark in self.marks.items():
            self.set_others(place, union(((ALL, mark.offset),)))

    def encode(self, form: bytes) -> bytes:
        """Return its bytes behind that of their format; equal ledgers give equal ones."""
        if len(self.recent) > _RETRIES_KEPT:
            self._bound()
        out = BytesWriter()
        out.write(form)
        write_i64_le(out, self.first_seen)
        write_i64_le(out, self.last_seen)
        put_u32(out, self.newest)
        put_u8(out, len(self.views) // _TAG)
        places = len(out)
        out.append(0)
        out.append(0)
        put_u16(out, len(self.recent))
        out.write(self.views)
        own, foreign = self.pack_into(out)
        set_u8(out, places, own)
        set_u8(out, places + 1, foreign)
        recent.pack_into(self.recent, out)
        return out.getvalue()

    def _learn(self, other: "Ledger") -> None:
        """Take over another ledger's message ids; what is known of one here is forgotten."""
        if other.newest > self.newest:
            self._move_on(other.newest)
        bound = self.newest - _RETRY_WINDOW
        theirs = recent.since(other.recent, bound, other.newest)
        self.recent = recent.joined(self.recent, theirs)
        self._oldest = bound

    def _bound(self) -> None:
        """Keep the newest message ids."""
        self.recent = recent.newest_of(self.recent, _RETRIES_KEPT, self.newest)

    @staticmethod
    def decode(owner: ProfileId, raw: bytes) -> "Ledger":
        """Return the ledger in stored bytes.

        Raises:
            ValueError, IndexError: they are none.
        """
        found = Ledger(owner)
        found.first_seen, found.last_seen = read_i64_le(raw, 0), read_i64_le(raw, 8)
        found.newest = u32(raw, _NEWEST)
        start = _HEADER + raw[_VIEWS] * _TAG
        found.views = raw[_HEADER:start]
        start = found.unpack(raw, start, raw[_PLACES], foreign=raw[_FOREIGN] != 0)
        ids = u16(raw, _IDS)
        if len(raw) != start + 8 * ids:
            raise ValueError(f"a ledger of {len(raw)} bytes with {ids} message ids")
        found._oldest = found.newest - _RETRY_WINDOW
        found.recent = recent.unpacked(raw, start)
        return found


def glance(raw: bytes) -> tuple[int, int, bytes]:
    """Return when a profile was first and last seen (ms), and the tags of its whole views.

    Of a stored ledger; the rest of it is not looked at.

    Raises:
        ValueError, IndexError: the bytes are no ledger.
    """
    end = _HEADER + raw[_VIEWS] * _TAG
    if len(raw) < end + raw[_PLACES] * MARK_SIZE + 8 * u16(raw, _IDS):
        raise ValueError(f"a ledger of {len(raw)} bytes")
    return read_i64_le(raw, 0), read_i64_le(raw, 8), raw[_HEADER:end]
