"""What customers are like all together: read now and again, and kept in between."""

import time
from collections.abc import Callable, Mapping

from api.reading import Reader, Reading
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

    async def values(self, view: str, now: int) -> Mapping[str, Value]:
        """Return a view's values at `now` (ms since 1970); where Redis is away, what was read last.

        Before anything could be read, it is nothing.
        """
        if self._clock() >= self._until:
            found = await self._reader.read(CUSTOMERS, now)
            if self._reading is None or not found.degraded:
                self._reading = found
            self._until = self._clock() + KEPT
        if self._reading is None or self._reading.degraded:
            return {}
        kept, features = self._reading.kept, self._reading.features
        # Not before its latest event, as always; but when it was read does not matter.
        return kept.read(features.by_name[view], max(now, kept.last_seen))
