"""What customers are like all together: read now and again, and kept in between."""

import time
from collections.abc import Callable, Mapping

from api.reading import Reader, Reading, nobody
from attune.features.entities import CUSTOMERS
from attune.features.feature import Value

KEPT = 5.0
"""Seconds. Among thousands of customers, five seconds move no bound."""


class Population:
    """Reads the one row of the population; an answer waits for it only the first time."""

    def __init__(self, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._reading: Reading | None = None
        self._until = 0.0

    @property
    def stale(self) -> bool:
        """Whether it is time to `refresh`."""
        return self._clock() >= self._until

    async def refresh(self, now: int) -> None:
        """Read it anew; where Redis is away, what was read last stays."""
        found = await self._reader.read(CUSTOMERS, now)
        if self._reading is None or not found.degraded:
            self._reading = found
        # One that is not there yet is looked for by the next answer: the first customers are ranked
        # as soon as they have bought. One that could not be read is not, or all would wait for it.
        absent = not found.degraded and not found.kept.row.version
        self._until = 0.0 if absent else self._clock() + KEPT

    @property
    def present(self) -> Callable[[str, int], Mapping[str, Value]]:
        """What is known now: for one answer, whatever is read anew while it is made.

        The values of a view at a moment (ms since 1970); before it could be read, nothing.
        """
        reading = self._reading
        if reading is None or reading.degraded:
            return nobody
        kept, views = reading.kept, reading.features.by_name
        # Not before its latest event, as always; but when it was read does not matter.
        return lambda view, now: kept.read(views[view], max(now, kept.last_seen))
