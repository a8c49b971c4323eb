"""Rows of one kind of entity as Redis commands: how they are asked for, and written guarded."""

from collections.abc import Collection, Sequence
from hashlib import sha1
from typing import Final

from attune.adapters.feast import Layout
from attune.adapters.link import Reply
from attune.adapters.resp import END, argument, number, opening
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
        parts = [STILL.format(begun="KEYS[2]") if begun else "", _GUARDED, _TOLD if told else ""]
        self.script = ("".join(parts) + "return 1").encode()
        self._sha = sha1(self.script, usedforsecurity=False).hexdigest().encode()
        self._ttl = number(ttl)
        self._nothing_removed = number(0) + self._ttl
        self._begun = argument(begun) if begun else b""
        self._fixed = _FIXED + 1 if begun else _FIXED
        self._keys = b"2" if begun else b"1"
        self._openings: dict[int, bytes] = {}
        self._get = opening(2, b"HGETALL")
        self._marked = b""
        self.has_mark(b"")

    def has_mark(self, mark: bytes) -> None:
        """Have every write name this mark."""
        self._marked = self._begun + argument(mark)

    def reads(self, ids: Collection[str]) -> list[bytes]:
        """Return the commands that ask for rows."""
        get, key = self._get, self._layout.key
        return [b"".join([get, key(each), END]) for each in ids]

    def rows(self, ids: Collection[str], replies: Sequence[Reply]) -> dict[str, Row]:
        """Return the rows in replies of which none is an error."""
        found: dict[str, Row] = {}
        for each, held in zip(ids, replies, strict=True):
            found[each] = self._layout.row(_pairs(held)) if held else _NO_ROW
        return found

    def writes(self, writes: Sequence[Write]) -> list[bytes]:
        """Return the commands of writes, for a server that knows the script by its hash."""
        return [self._command(write) for write in writes]

    def _command(self, write: Write) -> bytes:
        layout = self._layout
        parts = [b"", layout.key(write.id), self._marked, number(write.version)]
        count = self._fixed
        if write.remove:
            removed = layout.removed(write)
            parts += [number(len(removed)), self._ttl]
            parts += [argument(name) for name in removed]
            count += len(removed)
        else:
            parts.append(self._nothing_removed)
        count += layout.add_fields(write, parts)
        parts[0] = self._openings.get(count) or self._opening(count)
        parts.append(END)
        return b"".join(parts)

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


def _pairs(found: Sequence[bytes]) -> list[tuple[bytes, bytes | None]]:
    """Return what HGETALL replies as pairs of field and value."""
    return [(found[i], found[i + 1]) for i in range(0, len(found), 2)]
