"""Every event and exposure into the archive, for training and for analysts."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from attune.ports import Refused, Taken
from attune.stream import EVENTS, EXPOSURES


class Writer(Protocol):
    """Writes batches so that the same batch again makes the same files."""

    def write(self, batch: Sequence[Taken]) -> object:
        """Return once the batch is on the disk.

        Raises:
            Unavailable: the disk is full or away.
        """


class Archiving:
    """Writes each batch to files before its offsets are committed."""

    name = "archive"
    topics = (*EVENTS, EXPOSURES)
    linger = 2.0  # a file for each partition and day of a batch: fewer and larger ones

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        await asyncio.to_thread(self._writer.write, batch)
        return ()
