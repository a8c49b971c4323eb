"""Every event and exposure into the archive, for training and for analysts."""

import asyncio
from collections.abc import Sequence

from attune.adapters.archive.writer import ArchiveWriter
from attune.ports import Refused, Taken
from attune.stream import EVENTS, EXPOSURES


class Archiving:
    """Writes each batch to files before its offsets are committed."""

    name = "archive"
    topics = (*EVENTS, EXPOSURES)
    linger = 2.0  # a file for each partition and day of a batch: fewer and larger ones

    def __init__(self, writer: ArchiveWriter) -> None:
        self._writer = writer

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        await asyncio.to_thread(self._writer.write, batch)
        return ()
