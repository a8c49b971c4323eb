"""Having a consumer take events: waiting for its store, and finding the one that breaks it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from attune.errors import AttuneError, Emptied, Unavailable
from attune.ports import Consumer, Refused, Taken
from consumers.watch import Watch

_log = structlog.get_logger()

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
"""Seconds between attempts while a store is away."""
_HOLD_EVERY = 0.5  # seconds; far within any interval in which a group wants to see a poll


Done = TypeVar("Done")


class Interrupted(Exception):
    """Told to stop while a store was away."""


@dataclass(frozen=True, slots=True)
class Insisting:
    """Tries until a store has done what it is asked for: back-pressure, not loss.

    `hold` keeps the consumer's place in the group meanwhile.
    """

    watch: Watch
    stop: asyncio.Event
    hold: Callable[[], Awaitable[None]]

    async def on(self, attempt: Callable[[], Awaitable[Done]]) -> Done:
        """Return what comes of it in the end.

        Raises:
            Emptied: the store is there, but not what it was.
            Interrupted: told to stop while it was away.
        """
        wait = _FIRST_WAIT
        await self.hold()
        while True:
            try:
                return await attempt()
            except Emptied:
                raise
            except Unavailable as error:
                self.watch.waits(str(error))
                await self._wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
                if self.stop.is_set():
                    raise Interrupted from error

    async def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stop.is_set() and (left := until - time.monotonic()) > 0:
            await pause(self.stop, min(left, _HOLD_EVERY))
            await self.hold()


@dataclass(frozen=True, slots=True)
class Taking:
    """How one consumer takes a batch. `refuse` is told what breaks the consumer."""

    consumer: Consumer
    watch: Watch
    insist: Insisting
    refuse: Callable[[Sequence[Refused]], None]

    async def take(self, batch: Sequence[Taken]) -> None:
        """Take all that can be taken, and refuse the rest.

        A batch that breaks the consumer is halved until the message that does it is alone: taking
        again what was taken changes nothing, and one message must not stop all that follow it.

        Raises:
            Emptied: the store is not what it was.
            Interrupted: told to stop while it was away.
        """
        try:
            refused = await self.insist.on(lambda: self._take(batch))
        except (AttuneError, OSError, MemoryError, Interrupted):
            raise  # something is to be mended here; no message is to blame
        except Exception as error:  # noqa: BLE001 - of a feature or a store: whatever it is, it stays
            if len(batch) > 1:
                half = len(batch) // 2
                await self.take(batch[:half])
                await self.take(batch[half:])
                return
            _log.exception("consumer.broken", consumer=self.consumer.name)
            refused = [Refused(batch[0].position, f"{type(error).__name__}: {error}")]
        self.refuse(refused)

    async def _take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        started = time.perf_counter()
        refused = await self.consumer.take(batch)
        self.watch.took(batch, time.perf_counter() - started)
        return refused


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until told to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
