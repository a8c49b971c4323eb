"""Where each partition was first read for a kind of entity, and whether that was the beginning."""

from collections.abc import Mapping

from attune.ports import OnlineStore

Places = Mapping[tuple[str, int], int]
"""First offset by topic and partition."""


class Beginning:
    """Tells whether a new entity has a history that only the archive knows.

    A kind of entity that is declared years after the first event, or whose store was lost, is read
    from the middle of the log on. `attune backfill` fills in what was before.
    """

    def __init__(self, store: OnlineStore) -> None:
        self._store = store
        self.complete = True

    async def note(self, first: Places) -> None:
        """Note where partitions begin that were not read before; ask again until all is filled.

        Raises:
            Unavailable: the store does not answer.
        """
        if first or not self.complete:
            self.complete = await self._store.begin(first)
