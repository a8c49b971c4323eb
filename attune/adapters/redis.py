"""The online store on Redis: one round trip to load, one to save, each write guarded."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha1
from typing import TypeAlias

from redis.asyncio import Redis

from attune.adapters.cluster import Cluster
from attune.adapters.dial import options_of
from attune.adapters.feast import Layout
from attune.adapters.link import Reply
from attune.adapters.resp import END, argument, number, opening
from attune.adapters.wire import Wire
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore, Row, Write

_GUARDED = b"""
if (redis.call('HGET', KEYS[1], '_v') or '0') ~= ARGV[1] then return 0 end
local gone = tonumber(ARGV[2])
if gone > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 4, 3 + gone)) end
redis.call('HSET', KEYS[1], unpack(ARGV, 4 + gone))
if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return 1
"""
"""Set and remove fields of one hash if its version is still ARGV[1]; ARGV[2] counts the removed,
ARGV[3] is the time to live in seconds."""

_TOLD = _GUARDED.replace(b"return 1\n", b"redis.call('PUBLISH', KEYS[1], ARGV[1])\nreturn 1\n")
"""The same, and tells whoever listens to the key (`changes`)."""

_DAY = 86_400
_FIXED = 7
"""Arguments before those that are removed: name, hash, number of keys, key, and the first three."""
_SCANNED = b"1000"
_COMPLETE = b"complete"

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
        self._script = _TOLD if features.entity.of_profiles else _GUARDED
        self._sha = sha1(self._script, usedforsecurity=False).hexdigest().encode()
        self._get = opening(2, b"HGETALL")
        self._openings: dict[int, bytes] = {}
        self._begun = f"attune:{project}:begun:{features.entity.name}"

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        key, row, get = self._layout.key, self._layout.row, self._get
        commands = [b"%b%b\r\n" % (get, key(each)) for each in ids]
        if len(commands) == 1:  # as requests of the API ask, many of them in one tick
            found = [await self._wire.ask(commands[0])]
        else:
            found = await self._wire.run(commands)
        return {each: row(_pairs(raised(held))) for each, held in zip(ids, found, strict=True)}

    async def begin(self, first: Mapping[tuple[str, int], int]) -> bool:
        """See `OnlineStore.begin`."""
        noted = [
            (b"HSETNX", self._begun, f"{topic}/{partition}", offset)
            for (topic, partition), offset in first.items()
        ]
        *_, found = await self._wire.run([*noted, (b"HGETALL", self._begun)])
        later, complete = _noted(raised(found))
        return complete or not later

    async def begun(self) -> tuple[dict[tuple[str, int], int], bool]:
        """See `OnlineStore.begun`."""
        (found,) = await self._wire.run([(b"HGETALL", self._begun)])
        return _noted(raised(found))

    async def complete(self) -> None:
        """See `OnlineStore.complete`."""
        (done,) = await self._wire.run([(b"HSET", self._begun, _COMPLETE, b"1")])
        raised(done)

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
        parts = [b"", layout.key(write.id), number(write.version)]
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
        self._openings[count] = made = opening(count, b"EVALSHA", self._sha, b"1")
        return made


def _noted(found: Sequence[bytes]) -> tuple[dict[tuple[str, int], int], bool]:
    """Return where each partition was begun that was not begun at 0, and if all is complete."""
    noted = dict(_pairs(found))
    complete = noted.pop(_COMPLETE, None) is not None
    places = ((name.decode().rsplit("/", 1), int(offset)) for name, offset in noted.items())
    return {(topic, int(partition)): n for (topic, partition), n in places if n}, complete


def _pairs(found: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Return what HGETALL replies as pairs of field and value."""
    flat = iter(found)
    return zip(flat, flat, strict=True)


def _is_forgotten(reply: Reply) -> bool:
    return isinstance(reply, Exception) and str(reply).startswith("NOSCRIPT")


def raised(reply: Reply) -> Reply:
    """Return a reply, unless it is an error.

    Raises:
        Unavailable: Redis is up, but it does not do what it is told (loading, read-only, full).
    """
    if isinstance(reply, Exception):
        raise Unavailable("Redis", str(reply))
    return reply
