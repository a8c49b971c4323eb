"""Exposures become counts per block."""

from collections.abc import Sequence

from attune.measure import MeasureStore, shown_in
from attune.ports import Places, Refused, Taken
from attune.stream import EXPOSURES


class Measure:
    """Counts each decision that was shown, once."""

    name = "measure"
    topics = (EXPOSURES,)
    linger = 0.2  # nobody waits for a count; fewer, larger transactions

    def __init__(self, store: MeasureStore) -> None:
        self._store = store

    async def joins(self, expected: Places) -> None:
        """See `Consumer.joins`: it makes no difference here."""

    async def begins(self, first: Places) -> None:
        """See `Consumer.begins`: it makes no difference here."""

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        found = (shown_in(taken.event) for taken in batch)
        await self._store.record([shown for shown in found if shown])
        return ()
