"""Stop 7 in GraphQL: how often each block was shown."""

from collections import Counter
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
        """Return the counts of every block over all days, most shown first."""
        totals: Counter[tuple[str, str]] = Counter()
        for each in await self.counts():
            totals[each.slot, each.block] += each.count
        return [
            BlockExposures(slot=slot, block=block, shown=shown)
            for (slot, block), shown in totals.most_common()
        ]
