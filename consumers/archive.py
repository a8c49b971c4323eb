"""Every event and exposure into the archive, for training and for analysts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol

import structlog

from attune.adapters.archive.compaction import Compactor
from attune.errors import Unavailable
from attune.ports import Places, Refused, Taken
from attune.stream import EVENTS, EXPOSURES
from attune.telemetry import JOINED

_log = structlog.get_logger()

_EVERY = 60.0
"""Seconds between looks at what is due for compaction."""


class Writer(Protocol):
    """The half of `ArchiveStore` that writes."""

    def write(self, batch: Sequence[Taken]) -> object:
        """Return once the batch is durable; the same again changes nothing."""


class Archiving:
    """Writes each batch to the archive before its offsets are committed."""

    name = "archive"
    topics = (*EVENTS, EXPOSURES)
    linger = 2.0  # a file for each partition and day of a batch: fewer and larger ones

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    async def joins(self, expected: Places) -> None:
        """See `Consumer.joins`: it makes no difference here."""

    async def begins(self, first: Places) -> None:
        """See `Consumer.begins`: it makes no difference here."""

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        await asyncio.to_thread(self.writer.write, batch)
        return ()


@asynccontextmanager
async def compacting(
    compactor: Compactor, clock: Callable[[], datetime], every: float = _EVERY
) -> AsyncIterator[None]:
    """Compact what is due, now and again, as long as the consumer runs beside it."""
    task = asyncio.create_task(_compact_for_ever(compactor, clock, every))
    try:
        yield
    finally:
        task.cancel()  # a day in hand is finished in its thread, or is left as if never begun
        with suppress(asyncio.CancelledError):
            await task


async def _compact_for_ever(
    compactor: Compactor, clock: Callable[[], datetime], every: float
) -> None:
    while True:
        for day in await asyncio.to_thread(compactor.days):
            try:
                done = await asyncio.to_thread(compactor.tidy, day, clock())
            except Unavailable as error:
                _log.warning("archive.not_compacted", day=str(day), reason=error.reason)
                continue
            except Exception:  # noqa: BLE001 - whatever it is, it is of one day; it stays as it is
                _log.exception("archive.not_compacted", day=str(day))
                continue
            if done.joined:
                JOINED.inc(done.joined)
                _log.info("archive.compacted", day=str(day), files=done.joined)
        await asyncio.sleep(every)
