"""One Redis server for the hot path: one connection for everybody, made anew when it is lost.

redis-py spends 20 microseconds on packing and awaiting a command; this spends one, on commands that
`resp` has packed. Everything that is not on the hot path uses redis-py.
"""

import asyncio
import random
from collections.abc import Sequence

from hiredis import pack_command

from attune.adapters.dial import Options, dial
from attune.adapters.link import Link, Reply
from attune.adapters.resp import Command
from attune.errors import Unavailable

FIRST, LONGEST = 0.05, 2.0
"""Seconds between attempts to connect: they double from the first to the longest, less a random
part, so that a thousand processes do not come all at once."""
_DOUBLED = 10  # times, at most: by then it is the longest


class Wire:
    """Sends commands and returns their replies; connects when it is first used, and anew.

    A reply that is an error is returned, not raised: others of the same bulk have succeeded.
    """

    def __init__(self, options: Options, timeout: float) -> None:
        self._options = options
        self._timeout = timeout
        self._link: Link | None = None
        self._dialing: asyncio.Task[str] | None = None
        self._failures = 0
        self._not_before = 0.0
        self._reason = ""

    async def ask(self, command: bytes) -> Reply:
        """Return the reply to a command that only reads.

        Whoever asks the same in the same tick shares it: it may not be changed.

        Raises:
            Unavailable: Redis does not answer in time.
        """
        link = self._link
        if link is None or link.lost is not None:
            link = await self._connected()
        return (await link.ask(command))[0]

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Return the reply to each command, in one round trip.

        Raises:
            Unavailable: Redis does not answer in time; any of the commands may have been done.
        """
        if not commands:
            return []
        link = self._link
        if link is None or link.lost is not None:
            link = await self._connected()
        packed = [c if isinstance(c, bytes) else pack_command(c) for c in commands]
        return await link.send(packed)

    async def nodes(self) -> "list[Wire]":
        """Return the servers that hold the keys between them: this one."""
        return [self]

    async def _connected(self) -> Link:
        """Return the connection; all who need it wait for one attempt.

        Raises:
            Unavailable: there is none, or it takes too long; the attempt goes on for the next.
        """
        if self._dialing is None:
            pause = self._not_before - asyncio.get_running_loop().time()
            if pause > 0:
                raise Unavailable("Redis", f"{self._reason}; trying again within {pause:.1g} s")
            self._dialing = asyncio.create_task(self._dial())
        done, _ = await asyncio.wait({self._dialing}, timeout=self._timeout)
        if self._link is not None and self._link.lost is None:
            return self._link
        reason = self._reason if done else f"no connection within {self._timeout:g} s"
        raise Unavailable("Redis", reason)

    async def _dial(self) -> str:
        """Connect; return why that failed, or nothing."""
        try:
            self._link = await dial(self._options, self._timeout)
            self._failures, self._reason = 0, ""
        except (OSError, Unavailable) as error:
            self._reason = error.reason if isinstance(error, Unavailable) else _told(error)
            self._not_before = asyncio.get_running_loop().time() + self._pause()
            self._failures += 1
        finally:
            self._dialing = None
        return self._reason

    def _pause(self) -> float:
        longest = min(LONGEST, FIRST * 2 ** min(self._failures, _DOUBLED))
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret

    def close(self) -> None:
        """Disconnect; whoever still waits is told."""
        if self._dialing is not None:
            self._dialing.cancel()
        if self._link is not None:
            self._link.drop("closed")


def _told(error: OSError) -> str:
    return "no connection in time" if isinstance(error, TimeoutError) else str(error)
