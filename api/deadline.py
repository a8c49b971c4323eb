"""Ends what takes too long, at a microsecond a time: `asyncio.timeout` takes four, for a timer."""

import asyncio
from types import TracebackType
from typing import Final, Self

_COARSE: Final = 0.25
"""Seconds between two looks at what is going on: so much longer anything may take."""


class Deadlines:
    """What is going on, and until when. A timer looks at all of it, while there is any."""

    def __init__(self) -> None:
        self.running: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def within(self, seconds: float) -> "Deadline":
        """Return a context that raises TimeoutError where its block takes longer."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._look_again(seconds)
        return Deadline(self, loop.time() + seconds)

    def _look_again(self, soonest: float) -> None:
        assert self._loop is not None  # noqa: S101 - set by whoever calls
        self._loop.call_later(min(_COARSE, soonest), self._look)

    def _look(self) -> None:
        if self._loop is None or not self.running:
            self._loop = None
            return
        now = self._loop.time()
        for each in sorted(self.running, key=lambda each: each.until):
            each.look(now)
        left = min((each.until for each in self.running), default=now)
        self._look_again(max(left - now, 0.01))


class Deadline:
    """A block of one task that is to be done in time."""

    __slots__ = ("_deadlines", "_late", "_task", "until")

    def __init__(self, deadlines: Deadlines, until: float) -> None:
        self._deadlines = deadlines
        self._late = False
        self._task = asyncio.current_task()
        self.until = until
        """By the loop's clock."""

    def look(self, now: float) -> None:
        """Interrupt the block where it is late."""
        if now >= self.until and not self._late and self._task:
            self._late = True
            self._task.cancel()

    def __enter__(self) -> Self:
        self._deadlines.running.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.running.discard(self)
        if self._late and self._task:
            others = self._task.uncancel()  # somebody else may have cancelled the task as well
            if kind is asyncio.CancelledError and not others:
                raise TimeoutError from error
