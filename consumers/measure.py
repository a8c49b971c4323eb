"""Exposures become counts per block."""

from collections.abc import Mapping, Sequence

from attune.measure import MeasureStore, shown_in
from attune.ports import Refused, Taken
from attune.stream import EXPOSURES


class Measure:
    """Counts each decision that was shown, once."""

    name = "measure"
    topics = (EXPOSURES,)
    linger = 0.2  # nobody waits for a count; fewer, larger transactions

    def __init__(self, store: MeasureStore) -> None:
        self._store = store

    def begins(self, first: Mapping[tuple[str, int], int]) -> None:
        """See `Consumer.begins`: it makes no difference here."""

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        found = (shown_in(taken.event) for taken in batch)
        await self._store.record([shown for shown in found if shown])
        return ()
