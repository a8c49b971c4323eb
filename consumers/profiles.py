"""Events become the system of record of who visitors are."""

from collections.abc import Sequence

from attune.ports import Places, Refused, Taken
from attune.profiles.record import Learned, ProfileRecords
from attune.stream import EVENTS


class Profiles:
    """Keeps identities, traits, and when each profile was first and last seen."""

    name = "profiles"
    topics = EVENTS
    linger = 0.2  # requests read Redis; here fewer, larger transactions are better

    def __init__(self, records: ProfileRecords) -> None:
        self._records = records

    async def joins(self, expected: Places) -> None:
        """See `Consumer.joins`: it makes no difference here."""

    async def begins(self, first: Places) -> None:
        """See `Consumer.begins`: it makes no difference here."""

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        """See `Consumer.take`."""
        await self._records.learn(Learned.of(taken.event for taken in batch))
        return ()
