"""Where each partition was first read for a kind of entity, and whether that was the beginning."""

from attune.ports import OnlineStore, Places


class Beginning:
    """Tells whether a new entity has a history that only the archive knows.

    A kind of entity that is declared years after the first event, or whose store was lost, is read
    from the middle of the log on. `attune backfill` fills in what was before.
    """

    def __init__(self, store: OnlineStore) -> None:
        self._store = store
        self.complete = True

    async def join(self, expected: Places) -> None:
        """Note where partitions will be read from that nobody has read yet.

        Raises:
            Unavailable: the store does not answer.
        """
        self.complete = (await self._store.join(expected)).complete

    async def note(self, first: Places) -> None:
        """Note where partitions begin that were not read before; ask again until all is filled.

        Raises:
            Emptied: the store is not the one that we joined.
            Unavailable: the store does not answer.
        """
        if first or not self.complete:
            self.complete = (await self._store.begin(first)).complete
