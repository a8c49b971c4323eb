"""The online store on Redis: one round trip to load, one to save, each write guarded."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha1
from itertools import chain
from secrets import token_hex

from redis.asyncio import Redis

from attune.adapters.feast import Layout
from attune.adapters.resp import END, argument, number, opening
from attune.adapters.wire import Reply, Wire
from attune.errors import Emptied, Unavailable
from attune.features.feature_set import FeatureSet
from attune.ports import Begun, OnlineStore, Places, Row, Write

_STILL = b"""
if (redis.call('HGET', KEYS[1], 'mark') or '') ~= ARGV[1] then
  return redis.error_reply('EMPTIED since it was joined')
end
"""
"""Go on only if KEYS[1], which says where the kind of entity was begun, has the mark ARGV[1]."""

_GUARDED = (
    _STILL
    + b"""
if (redis.call('HGET', KEYS[2], '_v') or '0') ~= ARGV[2] then return 0 end
local gone = tonumber(ARGV[3])
if gone > 0 then redis.call('HDEL', KEYS[2], unpack(ARGV, 5, 4 + gone)) end
redis.call('HSET', KEYS[2], unpack(ARGV, 5 + gone))
if ARGV[4] ~= '0' then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
return 1
"""
)
"""Set and remove fields of one hash if its version is still ARGV[2]; ARGV[3] counts the removed,
ARGV[4] is the time to live in seconds."""

_JOIN = b"""
redis.call('HSETNX', KEYS[1], 'mark', ARGV[1])
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
_BEGIN = (
    _STILL
    + b"""
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
)

_SHA = sha1(_GUARDED, usedforsecurity=False).hexdigest().encode()
_DAY = 86_400
_FIXED = 9
"""Arguments before those that are removed: name, hash, number of keys, keys, and the first four."""
_SCANNED = b"1000"
_MARK, _FILLED, _EXPECTED = "mark", "complete", "expected/"

TIMEOUT = 2.0
"""Seconds that one round trip may take: ten thousand times what it takes on a good day."""


@asynccontextmanager
async def open_redis(url: str, *, timeout: float = TIMEOUT) -> AsyncIterator["Redis"]:  # noqa: ASYNC109 - of each command, not of this call
    """Yield a client with time-outs set; it connects when it is first used."""
    client = Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, protocol=2)
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def open_wire(url: str, *, timeout: float = TIMEOUT) -> Iterator[Wire]:
    """Yield a connection for stores; it connects when it is first used."""
    wire = Wire(url, timeout)
    try:
        yield wire
    finally:
        wire.close()


class RedisStore(OnlineStore):
    """The entities of one feature set, in Feast's layout."""

    def __init__(self, wire: Wire, project: str, features: FeatureSet) -> None:
        self._wire = wire
        self._layout = Layout(project, features)
        ttl = number(features.entity.ttl * _DAY)
        self._nothing_removed = number(0) + ttl
        self._ttl = ttl
        self._get = opening(2, b"HGETALL")
        self._openings: dict[int, bytes] = {}
        self._begun = f"attune:{project}:begun:{features.entity.name}".encode()
        self._mark = b""
        self._marked = argument(self._mark)

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        key, row, get = self._layout.key, self._layout.row, self._get
        found = await self._wire.run([b"%b%b\r\n" % (get, key(each)) for each in ids])
        return {each: row(_raised(fields)) for each, fields in zip(ids, found, strict=True)}

    async def join(self, expected: Places) -> Begun:
        """See `OnlineStore.join`."""
        noted = await self._note(_JOIN, token_hex(8).encode(), _fields(_EXPECTED, expected))
        self._mark = noted[_MARK]
        self._marked = argument(self._mark)
        return _begun(noted)

    async def begin(self, first: Places) -> Begun:
        """See `OnlineStore.begin`."""
        return _begun(await self._note(_BEGIN, self._mark, _fields("", first)))

    async def begun(self) -> Begun | None:
        """See `OnlineStore.begun`."""
        (found,) = await self._wire.run([(b"HGETALL", self._begun)])
        noted = _noted(_raised(found))
        return _begun(noted) if _MARK in noted else None

    async def complete(self) -> None:
        """See `OnlineStore.complete`."""
        await self._note(_BEGIN, self._mark, (_FILLED, 1))

    async def _note(
        self, script: bytes, mark: bytes, fields: Iterable[str | int]
    ) -> dict[str, bytes]:
        (found,) = await self._wire.run([(b"EVAL", script, b"1", self._begun, mark, *fields)])
        return _noted(_raised(found))

    async def ids(self) -> AsyncIterator[list[str]]:
        """See `OnlineStore.ids`."""
        cursor = b"0"
        while True:
            found = await self._wire.run(
                [(b"SCAN", cursor, b"MATCH", self._layout.pattern, b"COUNT", _SCANNED)]
            )
            cursor, keys = _raised(found[0])
            yield [self._layout.id(key) for key in keys]
            if cursor == b"0":
                return

    async def save(self, writes: Sequence[Write]) -> set[str]:
        """See `OnlineStore.save`."""
        commands = [self._command(write) for write in writes]
        replies = await self._wire.run(commands)
        # Redis forgets scripts when it restarts: load it again and repeat just those writes.
        forgotten = [i for i, reply in enumerate(replies) if _is_forgotten(reply)]
        if forgotten:
            _raised((await self._wire.run([(b"SCRIPT", b"LOAD", _GUARDED)]))[0])
            again = await self._wire.run([commands[i] for i in forgotten])
            for i, reply in zip(forgotten, again, strict=True):
                replies[i] = reply
        return {w.id for w, done in zip(writes, replies, strict=True) if not _raised(done)}

    def _command(self, write: Write) -> bytes:
        layout = self._layout
        parts = [b"", layout.key(write.id), self._marked, number(write.version)]
        if write.remove:
            removed = layout.removed(write)
            parts += (number(len(removed)), self._ttl, *map(argument, removed))
        else:
            removed = []
            parts.append(self._nothing_removed)
        count = _FIXED + len(removed) + layout.add_fields(write, parts)
        parts[0] = self._openings.get(count) or self._opening(count)
        parts.append(END)
        return b"".join(parts)

    def _opening(self, count: int) -> bytes:
        self._openings[count] = made = opening(count, b"EVALSHA", _SHA, b"2", self._begun)
        return made


def _fields(prefix: str, places: Places) -> Iterable[str | int]:
    return chain.from_iterable(
        (f"{prefix}{topic}/{partition}", offset) for (topic, partition), offset in places.items()
    )


def _noted(found: Sequence[bytes]) -> dict[str, bytes]:
    fields = iter(found)
    return {name.decode(): value for name, value in zip(fields, fields, strict=True)}


def _begun(noted: dict[str, bytes]) -> Begun:
    """Return where each partition was begun: what was really read goes before what is expected."""
    first: dict[tuple[str, int], int] = {}
    for name in sorted(noted, key=lambda name: not name.startswith(_EXPECTED)):
        topic, _, partition = name.removeprefix(_EXPECTED).rpartition("/")
        if topic:
            first[topic, int(partition)] = int(noted[name])
    return Begun(first, _FILLED in noted)


def _is_forgotten(reply: Reply) -> bool:
    return isinstance(reply, Exception) and str(reply).startswith("NOSCRIPT")


def _raised(reply: Reply) -> Reply:
    """Return a reply, unless it is an error.

    Raises:
        Emptied: it was emptied since we joined.
        Unavailable: Redis is up, but it does not do what it is told (loading, read-only, full).
    """
    if isinstance(reply, Exception):
        reason = str(reply)
        raise Emptied("Redis") if reason.startswith("EMPTIED") else Unavailable("Redis", reason)
    return reply
