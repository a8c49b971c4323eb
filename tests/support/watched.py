"""A store that notes what is read, for tests of how often that is."""

from collections.abc import Collection

from attune.adapters.memory import MemoryStore
from attune.errors import Unavailable
from attune.ports import Row


class Watched(MemoryStore):
    """Notes what is read, and is away when told so."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[list[str]] = []
        self.away = False

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        self.read.append(list(ids))
        if self.away:
            raise Unavailable("Redis", "away")
        return await super().load(ids)
