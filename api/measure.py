"""Stop 7 in GraphQL: how often each block was shown."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import strawberry

from attune.measure import BlockCount


@strawberry.type(description="How often a block was shown, as front ends reported it.")
class BlockExposures:
    """A count over all time."""

    slot: str
    block: str
    shown: int = strawberry.field(description="Exposures; each decision counts once.")


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the counts come from."""

    counts: Callable[[], Awaitable[Sequence[BlockCount]]]

    async def exposures(self) -> list[BlockExposures]:
        """Return the counts of every block, most shown first."""
        return [
            BlockExposures(slot=each.slot, block=each.block, shown=each.shown)
            for each in await self.counts()
        ]
