"""The online store on Redis: one round trip to load, one to save, each write guarded."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from attune.adapters.feast import Layout
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.features.view import USER
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row, Write

_GUARDED = """
if (redis.call('HGET', KEYS[1], '_v') or '0') ~= ARGV[1] then return 0 end
local gone = tonumber(ARGV[2])
if gone > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 3, 2 + gone)) end
redis.call('HSET', KEYS[1], unpack(ARGV, 3 + gone))
return 1
"""
"""Set and remove fields of one hash if its version is still ARGV[1]; ARGV[2] counts the removed."""

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


class RedisProfiles(OnlineStore):
    """User profiles in Feast's layout."""

    def __init__(self, client: "Redis", project: str, features: FeatureSet) -> None:
        self._client = client
        self._layout = Layout(project, USER, features)
        self._script = ""

    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        """See `OnlineStore.load`."""
        wanted = list(profiles)
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for profile in wanted:
                    pipe.execute_command("HGETALL", self._layout.key(profile))
                found = await pipe.execute()
        except (RedisError, OSError) as error:
            raise Unavailable("Redis", str(error)) from error
        return {
            profile: self._layout.row(hash_) for profile, hash_ in zip(wanted, found, strict=True)
        }

    async def save(self, writes: Sequence[Write]) -> set[ProfileId]:
        """See `OnlineStore.save`."""
        if not writes:
            return set()
        try:
            replies = await self._run(writes)
        except (RedisError, OSError) as error:
            raise Unavailable("Redis", str(error)) from error
        return {w.profile for w, done in zip(writes, replies, strict=True) if not done}

    async def _run(self, writes: Sequence[Write]) -> list[int]:
        if not self._script:
            self._script = await self._client.script_load(_GUARDED)
        replies: list[int | Exception] = await self._pipeline(writes)
        # Redis forgets scripts when it restarts: load it again and repeat just those writes.
        forgotten = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if forgotten:
            self._script = await self._client.script_load(_GUARDED)
            again = await self._pipeline([writes[i] for i in forgotten])
            for i, reply in zip(forgotten, again, strict=True):
                replies[i] = reply
        return [_raised(reply) for reply in replies]

    async def _pipeline(self, writes: Sequence[Write]) -> list[int | Exception]:
        async with self._client.pipeline(transaction=False) as pipe:
            for write in writes:
                removed = self._layout.removed(write)
                pairs = [part for pair in self._layout.fields(write).items() for part in pair]
                pipe.evalsha(
                    self._script,
                    1,
                    self._layout.key(write.profile),
                    write.version,
                    len(removed),
                    *removed,
                    *pairs,
                )
            replies: list[int | Exception] = await pipe.execute(raise_on_error=False)
            return replies


def _raised(reply: int | Exception) -> int:
    if isinstance(reply, Exception):
        raise reply
    return reply
