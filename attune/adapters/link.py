"""One socket to Redis: commands go out once a tick, and replies come back in order.

Nobody takes a place away from the line of those who wait. Whoever gives up, by a time-out or
because a client has gone, leaves the place behind: the reply is taken off the socket when it comes,
and thrown away. So no reply can reach somebody else, and one who gives up costs nobody else the
connection.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import hiredis

from attune.errors import Unavailable

Reply = Any
Replies: TypeAlias = "asyncio.Future[list[Reply]]"

PATIENCE = 2.0
"""Seconds without a byte, while somebody waits, after which a connection is taken for dead."""

_WRITTEN_AT_ONCE = 64 * 1024
"""Bytes; Redis begins on the first commands while we pack the next ones."""


class _Place:
    """In the line: who waits for how many more replies, and until when."""

    __slots__ = ("also", "deadline", "done", "late", "left", "replies")

    def __init__(self, count: int, done: Replies, deadline: float) -> None:
        self.left = count
        self.done = done
        self.deadline = deadline
        self.replies: list[Reply] = []
        self.also: list[Replies] = []
        """Others who have asked the same in the same tick."""
        self.late = False

    @property
    def waited_for(self) -> bool:
        return not self.done.done() or any(not done.done() for done in self.also)

    def settle(self) -> None:
        for done in (self.done, *self.also):
            if not done.done():
                done.set_result(self.replies)

    def fail(self, reason: str) -> None:
        for done in (self.done, *self.also):
            if not done.done():
                done.set_exception(Unavailable("Redis", reason))


class Link:
    """Sends commands, each within `timeout` seconds; `lost` says why it ended, once it has.

    It has the methods of an `asyncio.Protocol`, but is none: one could not be compiled.

    While somebody has waited in vain and their reply is still to come, others are refused at once:
    they stand behind it, and would wait in vain too.
    """

    def __init__(self, timeout: float, patience: float = PATIENCE) -> None:
        self.lost: str | None = None
        self._timeout = timeout
        self._patience = max(timeout, patience)
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._line: deque[_Place] = deque()
        self._asked: dict[bytes, _Place] = {}
        self._unsent: list[bytes] = []
        self._late = 0
        self._heard = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = _NEVER
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; see `asyncio.Protocol`."""
        # uvloop's transports have its methods, but are not registered as such.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, command: bytes) -> Replies:
        """Return the reply to a command that only reads; who asks the same in one tick shares it.

        Raises:
            Unavailable: Redis is behind.
        """
        place = self._asked.get(command)
        if place is None:
            done = self.send((command,))
            self._asked[command] = self._line[-1]
            return done
        done = self._loop.create_future()
        place.also.append(done)
        return done

    def send(self, commands: Sequence[bytes]) -> Replies:
        """Return the reply to each command, at least one.

        Raises:
            Unavailable: Redis is behind.
        """
        if self._late:
            raise Unavailable("Redis", _SILENT.format(self._timeout))
        loop, unsent = self._loop, self._unsent
        if not unsent:
            loop.call_soon(self._flush)
        size = 0
        for command in commands:
            unsent.append(command)
            size += len(command)
            if size > _WRITTEN_AT_ONCE:
                self._write()
                size = 0
        deadline = loop.time() + self._timeout
        place = _Place(len(commands), loop.create_future(), deadline)
        self._line.append(place)
        if deadline < self._rings_at:
            self._set_alarm(deadline)
        return place.done

    def _flush(self) -> None:
        self._asked.clear()
        self._write()

    def _write(self) -> None:
        if self._unsent and self._transport is not None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        """Give each reply to whoever has waited longest."""
        self._heard = self._loop.time()
        self._reader.feed(data)
        gets, line = self._reader.gets, self._line
        try:
            while line:
                first = line[0]
                replies = first.replies
                while first.left:
                    reply = gets()
                    if reply is _MORE:
                        return
                    replies.append(reply)
                    first.left -= 1
                line.popleft()
                self._late -= first.late
                first.settle()
        except hiredis.ProtocolError as error:
            self.drop(f"it does not speak Redis: {error}")

    def eof_received(self) -> None:
        """Have the transport closed."""

    def pause_writing(self) -> None:
        """Write on all the same: who waits too long for a reply is told."""

    def resume_writing(self) -> None:
        """Do nothing, as we did not pause."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.drop(str(exc or "the connection was closed"))

    def drop(self, reason: str) -> None:
        """Close, and tell everybody who waits."""
        self.lost = self.lost or reason
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._transport is not None:
            self._transport.abort()
        self._unsent.clear()
        self._asked.clear()
        while self._line:
            self._line.popleft().fail(self.lost)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(at, self._ring)
        self._rings_at = at

    def _ring(self) -> None:
        """Look again in a moment: replies may lie in the socket, if it was we who were busy."""
        self._alarm = self._loop.call_later(_MOMENT, self._give_up, self._loop.time())

    def _give_up(self, now: float) -> None:
        """Tell those whose time is over; take the connection for dead if nothing comes at all."""
        self._alarm, self._rings_at = None, _NEVER
        following = _NEVER
        for place in self._line:
            if place.deadline > now:
                following = place.deadline
                break
            if place.waited_for:
                place.fail(_SILENT.format(self._timeout))
                place.late = True
                self._late += 1
        if not self._line:
            return
        dead = max(self._heard, self._line[0].deadline - self._timeout) + self._patience
        if dead <= now:
            self.drop(f"not a byte within {self._patience:g} s")
            return
        self._set_alarm(min(following, dead))


_MORE: Any = object()
_NEVER = math.inf
_MOMENT = 0.001  # seconds
_SILENT = "no answer within {:g} s"
