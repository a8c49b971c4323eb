"""The online store on Redis: one round trip to load, one to save, each write guarded."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import chain
from secrets import token_hex
from typing import TypeAlias

from redis.asyncio import Redis

from attune.adapters.cluster import Cluster
from attune.adapters.dial import options_of
from attune.adapters.feast import Layout
from attune.adapters.guarded import STILL, Guarded, errors, refused
from attune.adapters.link import Reply
from attune.adapters.wire import Wire
from attune.errors import Emptied, Unavailable
from attune.features.feature_set import FeatureSet
from attune.ports import Begun, OnlineStore, Places, Row, Write

_JOIN = b"""
redis.call('HSETNX', KEYS[1], 'mark', ARGV[1])
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
_BEGIN = (
    STILL.format(begun="KEYS[1]").encode()
    + b"""
for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HGETALL', KEYS[1])
"""
)

_DAY = 86_400
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
        self._begun = f"attune:{project}:begun:{features.entity.name}".encode()
        self._mark = b""
        self._guarded = Guarded(
            self._layout,
            ttl=features.entity.ttl * _DAY,
            begun=self._begun if isinstance(wire, Wire) else b"",
            told=features.entity.of_profiles,
        )

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        """See `OnlineStore.load`."""
        commands = self._guarded.reads(ids)
        if len(commands) == 1:  # as requests of the API ask, many of them in one tick
            replies = [await self._wire.ask(commands[0])]
        else:
            replies = await self._wire.run(commands)
        _all_raised(replies)
        return self._guarded.rows(ids, replies)

    async def join(self, expected: Places) -> Begun:
        """See `OnlineStore.join`."""
        noted = await self._note(_JOIN, token_hex(8).encode(), _fields(_EXPECTED, expected))
        self._mark = noted[_MARK]
        self._guarded.has_mark(self._mark)
        return _begun(noted)

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
        commands = self._guarded.writes(writes)
        replies = await self._wire.run(commands)
        # Redis forgets scripts when it restarts: load it again and repeat just those writes.
        forgotten = [i for i in errors(replies) if str(replies[i]).startswith("NOSCRIPT")]
        if forgotten:
            for node in await self._wire.nodes():
                raised((await node.run([(b"SCRIPT", b"LOAD", self._guarded.script)]))[0])
            again = await self._wire.run([commands[i] for i in forgotten])
            for i, reply in zip(forgotten, again, strict=True):
                replies[i] = reply
        _all_raised(replies)
        return refused(writes, replies)


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


def _all_raised(replies: Sequence[Reply]) -> None:
    for place in errors(replies):
        raised(replies[place])


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
