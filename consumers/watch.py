"""What operators see of a running consumer: its metrics, and a line every ten seconds."""

import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from attune.ports import Refused, Taken
from attune.telemetry import (
    ALIVE,
    BATCH_EVENTS,
    DEAD_LETTERS,
    EVENTS_TAKEN,
    FRESHNESS,
    LAG,
    TAKE_SECONDS,
    WAITS,
)

_log = structlog.get_logger()

Clock = Callable[[], datetime]
Lag = Mapping[tuple[str, int], int]
"""Messages not yet durable, by topic and partition."""

_LOOK_EVERY = 5.0  # seconds; one request to the broker each
_TELL_EVERY = 10.0  # seconds


class Watch:
    """Counts by the batch: nothing here costs anything for a single event."""

    def __init__(
        self, consumer: str, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = consumer
        self._clock = clock
        self._monotonic = monotonic
        self._lag: Lag = {}
        self._look_at = self._told_at = monotonic()
        self._taken = self._aside = self._ever = 0
        # Finding the child of a label costs more than counting: done once.
        self._alive = ALIVE.labels(consumer)
        self._batch_events = BATCH_EVENTS.labels(consumer)
        self._dead_letters = DEAD_LETTERS.labels(consumer)
        self._events = EVENTS_TAKEN.labels(consumer)
        self._freshness = FRESHNESS.labels(consumer)
        self._seconds = TAKE_SECONDS.labels(consumer)
        self._waits = WAITS.labels(consumer)

    def took(self, batch: Sequence[Taken], seconds: float) -> None:
        """A batch is durable, after so long."""
        self._seconds.observe(seconds)
        self._batch_events.observe(len(batch))
        oldest = min(taken.event.received_at for taken in batch)
        self._freshness.observe((self._clock() - oldest).total_seconds())

    def waits(self, reason: str) -> None:
        """A batch is held back because a store is away."""
        self._waits.inc()
        _log.warning("consumer.store_away", consumer=self._consumer, reason=reason)

    def puts_aside(self, refused: Iterable[Refused]) -> None:
        """These are about to be put aside: one line a reason, not one a message."""
        for reason, count in Counter(one.reason for one in refused).items():
            _log.warning(
                "consumer.dead_letters", consumer=self._consumer, reason=reason, count=count
            )

    def passed(self, events: int, aside: int) -> None:
        """A batch is committed: so many events are durable, so many messages put aside."""
        self._events.inc(events)
        self._dead_letters.inc(aside)
        self._taken += events
        self._ever += events
        self._aside += aside

    async def look(self, lag: Callable[[], Awaitable[Lag | None]]) -> None:
        """Say that the consumer lives, and from time to time how far behind it is."""
        self._alive.set_to_current_time()
        now = self._monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            self._show(await lag())
        if now >= self._told_at + _TELL_EVERY:
            self._tell(now - self._told_at)
            self._told_at, self._taken, self._aside = now, 0, 0

    def _show(self, lag: Lag | None) -> None:
        if lag is None:  # nobody knows: what was known is the better guess
            return
        with warnings.catch_warnings():
            # They stay with PROMETHEUS_MULTIPROC_DIR, which importing Feast sets; it warns of that.
            warnings.simplefilter("ignore", UserWarning)
            for topic, partition in self._lag.keys() - lag.keys():  # somebody else's now
                LAG.remove(self._consumer, topic, str(partition))
        for (topic, partition), messages in lag.items():
            LAG.labels(self._consumer, topic, str(partition)).set(messages)
        self._lag = lag

    def _tell(self, seconds: float) -> None:
        behind = sum(self._lag.values())
        if self._taken or self._aside or behind:
            _log.info(
                "consumer.progress",
                consumer=self._consumer,
                events_per_second=round(self._taken / seconds),
                lag=behind,
                dead_letters=self._aside,
            )

    def stopped(self) -> None:
        """The consumer has left its group; all that it took in is committed."""
        _log.info("consumer.stopped", consumer=self._consumer, events=self._ever)
