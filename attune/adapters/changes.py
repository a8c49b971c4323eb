"""Hearing that rows are written: Redis tells whoever has subscribed to a row's key."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from attune.ports import Changes, Heard

_log = structlog.get_logger()

_LOOK_EVERY = 5.0
"""Seconds; a connection that has died without a word is found by then."""
_CONFIRM = 1.0
"""Seconds that a listener waits to be subscribed; it is told when it is, if that takes longer."""
_RECONNECT_AFTER = 0.5
_OWN = b"attune:listening"
"""A channel on which nothing is said: a connection that listens to none cannot be read."""


class RedisChanges(Changes):
    """One connection for all listeners of this process; `follow` has to run meanwhile."""

    def __init__(self, url: str, key: Callable[[str], bytes]) -> None:
        self._client = Redis.from_url(
            url, protocol=2, health_check_interval=_LOOK_EVERY, socket_timeout=2 * _LOOK_EVERY
        )
        self._channel = key
        self._listeners: defaultdict[bytes, list[Heard]] = defaultdict(list)
        self._subscribed: defaultdict[bytes, asyncio.Event] = defaultdict(asyncio.Event)
        self._link: PubSub | None = None

    async def listen(self, entity: str, heard: Heard) -> None:
        """See `Changes.listen`."""
        channel = self._channel(entity)
        self._listeners[channel].append(heard)
        if len(self._listeners[channel]) == 1:
            await self._tell("subscribe", channel)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRM):
                await self._subscribed[channel].wait()

    async def leave(self, entity: str, heard: Heard) -> None:
        """See `Changes.leave`."""
        channel = self._channel(entity)
        self._listeners[channel].remove(heard)
        if not self._listeners[channel]:
            del self._listeners[channel]
            self._subscribed.pop(channel, None)
            await self._tell("unsubscribe", channel)

    async def follow(self) -> None:
        """Hear, for ever. Whoever listens is told when we could not hear for a while."""
        away = False
        while True:
            try:
                async with self._client.pubsub() as link:
                    await link.subscribe(_OWN)
                    self._link, away = link, False
                    if self._listeners:  # who comes from here on subscribes by themselves
                        await link.subscribe(*self._listeners)
                    while True:
                        if message := await link.get_message(timeout=_LOOK_EVERY):
                            self._hear(message)
            except (RedisError, OSError) as error:
                if not away:
                    _log.warning("changes.unheard", reason=str(error))
                away = True
            finally:
                self._link = None
                for event in self._subscribed.values():
                    event.clear()
            await asyncio.sleep(_RECONNECT_AFTER)

    def _hear(self, message: dict[str, Any]) -> None:
        channel = message["channel"]
        if channel not in self._listeners:
            return
        if message["type"] == "subscribe":  # also again, after a time without a connection
            self._subscribed[channel].set()
        if message["type"] in ("message", "subscribe"):
            for heard in list(self._listeners[channel]):
                heard()

    async def _tell(self, what: str, channel: bytes) -> None:
        if self._link is None:
            return  # the next connection begins with all that are listened to
        try:
            await getattr(self._link, what)(channel)
        except (RedisError, OSError) as error:
            _log.info("changes.not_told", what=what, reason=str(error))

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()
