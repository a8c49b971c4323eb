"""Waiting until the archive has what is to be folded from it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from attune.adapters.archive.store import ArchiveStore
from attune.errors import Unavailable
from attune.ports import Places
from consumers.backfill.progress import Progress

_LOOK_AGAIN = 0.5
"""Seconds between looks at how far the archive is."""
_PATIENCE = 120.0
"""Seconds to wait for the archive to come nearer."""

GoingOn = Callable[[], Awaitable[Places]]
"""Tells where a consumer group goes on, in each partition of the events' topics."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Looks at how far the archive is; `passed` is where its consumer goes on."""

    archive: ArchiveStore
    passed: GoingOn
    progress: Progress

    async def until(self, needed: Places) -> None:
        """Return when the archive has everything up to these offsets.

        Raises:
            Unavailable: it does not come.
        """
        loop = asyncio.get_running_loop()
        until, least = loop.time() + _PATIENCE, None
        while behind := await self._behind(needed):
            self.progress.waiting(behind)
            if least is None or behind < least:
                until, least = loop.time() + _PATIENCE, behind
            if loop.time() > until:
                raise Unavailable(
                    "the archive",
                    f"it lacks {behind:,} messages that were folded before, and does not come "
                    "nearer: start `attune consume archive`, and look at `attune archive status`",
                )
            await asyncio.sleep(_LOOK_AGAIN)

    async def _behind(self, needed: Places) -> int:
        """Return how many messages are to come.

        The last ones of a partition may be none that are archived: poison, or sent again for
        others. So what counts as well is what its consumer has passed, unless there is nothing at
        all: then this is not the archive that it has written.
        """
        reached = dict(await asyncio.to_thread(self.archive.reached))
        behind = _sum_behind(needed, reached)
        if behind and reached:
            for place, offset in (await self.passed()).items():
                reached[place] = max(offset - 1, reached.get(place, -1))
            behind = _sum_behind(needed, reached)
        return behind


def _sum_behind(needed: Places, reached: Places) -> int:
    return sum(max(0, offset - reached.get(place, -1)) for place, offset in needed.items())
