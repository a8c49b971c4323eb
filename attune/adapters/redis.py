"""The online store on Redis: one round trip to load, one to save, each write guarded."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha1
from itertools import chain
from secrets import token_hex
from typing import TypeAlias

from redis.asyncio import Redis

from attune.adapters.cluster import Cluster
from attune.adapters.dial import options_of
from attune.adapters.feast import Layout
from attune.adapters.link import Reply
from attune.adapters.resp import END, argument, number, opening
from attune.adapters.wire import Wire
from attune.errors import Emptied, Unavailable
from attune.features.feature_set import FeatureSet
from attune.ports import Begun, OnlineStore, Places, Row, Write

_STILL = """
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

_JOIN = b"""
redis.call('HSETNX', KEYS[1], 'mark', ARGV[1])
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
_BEGIN = (
    _STILL.format(begun="KEYS[1]").encode()
    + b"""
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
)

_DAY = 86_400
_FIXED = 8
"""Arguments before those that are removed: name, hash, number of keys, key, and the first four."""
_SCANNED = b"1000"
_MARK, _FILLED, _EXPECTED = "mark", "complete", "expected/"

Servers: TypeAlias = Wire | Cluster

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
def open_wire(url: str, *, timeout: float = TIMEOUT, cluster: bool = False) -> Iterator[Servers]:
    """Yield a connection for stores, to one server or to a cluster that has it.

    It connects when it is first used.
    """
    wire = (Cluster if cluster else Wire)(options_of(url), timeout)
    try:
        yield wire
    finally:
        wire.close()


class RedisStore(OnlineStore):
    """The entities of one feature set, in Feast's layout."""

    def __init__(self, wire: Servers, project: str, features: FeatureSet) -> None:
        self._wire = wire
        self._layout = Layout(project, features)
        ttl = number(features.entity.ttl * _DAY)
        self._nothing_removed = number(0) + ttl
        self._ttl = ttl
        # Of a cluster's keys a script may have those of one server only.
        self._one_server = isinstance(wire, Wire)
        self._script = _script(still=self._one_server, told=features.entity.of_profiles)
        self._sha = sha1(self._script, usedforsecurity=False).hexdigest().encode()
        self._get = opening(2, b"HGETALL")
        self._openings: dict[int, bytes] = {}
        self._begun = f"attune:{project}:begun:{features.entity.name}".encode()
        self._has_mark(b"")

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        key, row, get = self._layout.key, self._layout.row, self._get
        commands = [b"%b%b\r\n" % (get, key(each)) for each in ids]
        if len(commands) == 1:  # as requests of the API ask, many of them in one tick
            found = [await self._wire.ask(commands[0])]
        else:
            found = await self._wire.run(commands)
        return {each: row(_pairs(raised(held))) for each, held in zip(ids, found, strict=True)}

    async def join(self, expected: Places) -> Begun:
        """See `OnlineStore.join`."""
        noted = await self._note(_JOIN, token_hex(8).encode(), _fields(_EXPECTED, expected))
        self._has_mark(noted[_MARK])
        return _begun(noted)

    def _has_mark(self, mark: bytes) -> None:
        self._mark = mark
        keys = argument(self._begun) if self._one_server else b""
        self._marked = keys + argument(mark)

    async def begin(self, first: Places) -> Begun:
        """See `OnlineStore.begin`."""
        return _begun(await self._note(_BEGIN, self._mark, _fields("", first)))

    async def begun(self) -> Begun | None:
        """See `OnlineStore.begun`."""
        (found,) = await self._wire.run([(b"HGETALL", self._begun)])
        noted = _noted(raised(found))
        return _begun(noted) if _MARK in noted else None

    async def complete(self) -> None:
        """See `OnlineStore.complete`."""
        await self._note(_BEGIN, self._mark, (_FILLED, 1))

    async def _note(
        self, script: bytes, mark: bytes, fields: Iterable[str | int]
    ) -> dict[str, bytes]:
        (found,) = await self._wire.run([(b"EVAL", script, b"1", self._begun, mark, *fields)])
        return _noted(raised(found))

    async def ids(self) -> AsyncIterator[list[str]]:
        """See `OnlineStore.ids`."""
        for node in await self._wire.nodes():
            cursor = b"0"
            while True:
                scan = (b"SCAN", cursor, b"MATCH", self._layout.pattern, b"COUNT", _SCANNED)
                (found,) = await node.run([scan])
                cursor, keys = raised(found)
                yield [self._layout.id(key) for key in keys]
                if cursor == b"0":
                    break

    async def save(self, writes: Sequence[Write]) -> set[str]:
        """See `OnlineStore.save`."""
        commands = [self._command(write) for write in writes]
        replies = await self._wire.run(commands)
        # Redis forgets scripts when it restarts: load it again and repeat just those writes.
        forgotten = [i for i, reply in enumerate(replies) if _is_forgotten(reply)]
        if forgotten:
            for node in await self._wire.nodes():
                raised((await node.run([(b"SCRIPT", b"LOAD", self._script)]))[0])
            again = await self._wire.run([commands[i] for i in forgotten])
            for i, reply in zip(forgotten, again, strict=True):
                replies[i] = reply
        return {w.id for w, done in zip(writes, replies, strict=True) if not raised(done)}

    def _command(self, write: Write) -> bytes:
        layout = self._layout
        parts = [b"", layout.key(write.id), self._marked, number(write.version)]
        if write.remove:
            removed = layout.removed(write)
            parts += (number(len(removed)), self._ttl, *map(argument, removed))
        else:
            removed = []
            parts.append(self._nothing_removed)
        count = _FIXED + self._one_server + len(removed) + layout.add_fields(write, parts)
        parts[0] = self._openings.get(count) or self._opening(count)
        parts.append(END)
        return b"".join(parts)

    def _opening(self, count: int) -> bytes:
        self._openings[count] = made = opening(
            count, b"EVALSHA", self._sha, b"2" if self._one_server else b"1"
        )
        return made


def _script(*, still: bool, told: bool) -> bytes:
    parts = [_STILL.format(begun="KEYS[2]") * still, _GUARDED, _TOLD * told, "return 1"]
    return "".join(parts).encode()


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


def _pairs(found: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Return what HGETALL replies as pairs of field and value."""
    flat = iter(found)
    return zip(flat, flat, strict=True)


def _is_forgotten(reply: Reply) -> bool:
    return isinstance(reply, Exception) and str(reply).startswith("NOSCRIPT")


def raised(reply: Reply) -> Reply:
    """Return a reply, unless it is an error.

    Raises:
        Emptied: it was emptied since we joined.
        Unavailable: Redis is up, but it does not do what it is told (loading, read-only, full).
    """
    if isinstance(reply, Exception):
        reason = str(reply)
        raise Emptied("Redis") if reason.startswith("EMPTIED") else Unavailable("Redis", reason)
    return reply
