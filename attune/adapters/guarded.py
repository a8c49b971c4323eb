"""Rows of one kind of entity as Redis commands: how they are asked for, and written guarded."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha1
from typing import Final

from librt.strings import BytesWriter

from attune.adapters.feast import RECORD_FIELDS, VERSION_FIELD, Layout
from attune.adapters.link import Reply
from attune.adapters.protobuf import timestamp, value_head
from attune.adapters.resp import END, argument, head, number, opening
from attune.ports import Row, Write

STILL = """
if (redis.call('HGET', {begun}, 'mark') or '') ~= ARGV[1] then
  return redis.error_reply('EMPTIED since it was joined')
end
"""
"""Go on only if the hash that says where the kind of entity was begun has the mark ARGV[1]."""

_GUARDED = """
if (redis.call('HGET', KEYS[1], '_v') or '0') ~= ARGV[2] then return 0 end
local gone = tonumber(ARGV[3])
if gone > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 5, 4 + gone)) end
redis.call('HSET', KEYS[1], unpack(ARGV, 5 + gone))
if ARGV[4] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
"""
"""Set and remove fields of one hash if its version is still ARGV[2]; ARGV[3] counts the removed,
ARGV[4] is the time to live in seconds."""

_TOLD = """
redis.call('PUBLISH', KEYS[1], ARGV[2])
"""
"""Tell whoever listens to the key (`changes`)."""

_FIXED = 8
"""Arguments before those that are removed: name, hash, number of keys, key, and the first four."""


class Guarded:
    """The commands of one kind; `ttl` is the time to live in seconds.

    `begun` is the key of the hash with the mark that every write names, or nothing: of a cluster's
    keys a script may have those of one server only. `told` says whether writes are announced.
    """

    def __init__(self, layout: Layout, *, ttl: int, begun: bytes, told: bool) -> None:
        self._layout = layout
        self._states = {name: argument(field) for name, field in layout.state_fields.items()}
        self._time = argument(layout.time)
        parts = [STILL.format(begun="KEYS[2]") if begun else "", _GUARDED, _TOLD if told else ""]
        self.script = ("".join(parts) + "return 1").encode()
        self._sha = sha1(self.script, usedforsecurity=False).hexdigest().encode()
        self._ttl = number(ttl)
        self._begun = argument(begun) if begun else b""
        self._fixed = _FIXED + 1 if begun else _FIXED
        self._keys = b"2" if begun else b"1"
        self._openings: dict[int, bytes] = {}
        self._out = BytesWriter()
        """Of the command that is being written; as large as the largest was. One for all: nobody
        waits for anything while it is written."""
        self._get = opening(2, b"HGETALL")
        self._marked = b""
        self.has_mark(b"")

    def has_mark(self, mark: bytes) -> None:
        """Have every write name this mark."""
        self._marked = self._begun + argument(mark)

    def reads(self, ids: Collection[str]) -> list[bytes]:
        """Return the commands that ask for rows."""
        out, commands = self._out, list[bytes]()
        for each in ids:
            out.truncate(0)
            out.write(self._get)
            self._layout.put_key(each, out)
            out.write(END)
            commands.append(out.getvalue())
        return commands

    def rows(self, ids: Collection[str], replies: Sequence[Reply]) -> dict[str, Row]:
        """Return the rows in replies of which none is an error."""
        found: dict[str, Row] = {}
        for each, held in zip(ids, replies, strict=True):
            found[each] = self._layout.row(held) if held else _NO_ROW
        return found

    def writes(self, writes: Sequence[Write]) -> list[bytes]:
        """Return the commands of writes, for a server that knows the script by its hash."""
        return [self._command(write) for write in writes]

    def _command(self, write: Write) -> bytes:
        out, states, records = self._out, _dict(write.states), _dict(write.records)
        removed = self._layout.removed(write) if write.remove else _NONE
        pairs = 1 + len(states) + bool(states) + len(records)
        count = self._fixed + len(removed) + 2 * pairs
        version = write.version
        out.truncate(0)
        out.write(self._openings.get(count) or self._opening(count))
        self._layout.put_key(write.id, out)
        out.write(self._marked)
        out.write(number(version))
        out.write(number(len(removed)))
        out.write(self._ttl)
        for name in removed:
            out.write(argument(name))
        out.write(_VERSION)
        out.write(number(version + 1))
        for view, raw in states.items():
            size = len(raw)
            out.write(self._states[view])
            out.write(_VALUES[size] if size < _SHORT else _value_head(size))
            out.write(raw)
        if states:
            out.write(self._time)
            _put(timestamp(write.as_of), out)
        for record, raw in records.items():
            out.write(_RECORDS[record])
            _put(raw, out)
        out.write(END)
        return out.getvalue()

    def _opening(self, count: int) -> bytes:
        made = self._openings[count] = opening(count, b"EVALSHA", self._sha, self._keys)
        return made


_NO_ROW: Final = Row()


def errors(replies: Sequence[Reply]) -> list[int]:
    """Return which of the replies are errors."""
    return [place for place, reply in enumerate(replies) if isinstance(reply, Exception)]


def refused(writes: Sequence[Write], replies: Sequence[Reply]) -> set[str]:
    """Return the rows that somebody else had written meanwhile; no reply is an error."""
    return {write.id for write, done in zip(writes, replies, strict=True) if not done}


def _dict(held: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what is one as a rule, and is gone through much faster then."""
    return held if isinstance(held, dict) else dict(held)


def _put(raw: bytes, out: BytesWriter) -> None:
    out.write(head(len(raw)))
    out.write(raw)


def _value_head(length: int) -> bytes:
    """Return what stands before a state of so many bytes: the argument's head, and the value's."""
    before = value_head(length)
    return head(len(before) + length) + before


_NONE: Final[list[bytes]] = []
_VERSION: Final = argument(VERSION_FIELD)
_RECORDS: Final = {name: argument(field) for name, field in RECORD_FIELDS.items()}
_SHORT: Final = 1024
_VALUES: Final = tuple(map(_value_head, range(_SHORT)))
