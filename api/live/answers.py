"""The answers of one subscription: the newest there is, no more often than somebody takes them."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import GraphQLError

from api.live.watch import AnswerCause, watching
from api.visitor import Reception, Visitor
from attune.ids import ProfileId
from attune.ports import Changes
from attune.settings import Live
from attune.telemetry import LIVE_ANSWERS, LIVE_SUBSCRIPTIONS

_SPREAD = 0.002
"""Seconds for each subscription over which a change of content, which is everybody's, is spread:
about what an answer costs, so that requests come in between."""
_LONGEST_SPREAD = 5.0


class Answer(NamedTuple):
    """What is known of the visitor now, and why that is told."""

    visitor: Visitor
    cause: AnswerCause


@dataclass(slots=True)
class Answering:
    """What all subscriptions of this process share."""

    reception: Reception
    changes: Changes
    content: set[Callable[[], None]]
    """Called when there is other content."""
    settings: Live = field(default_factory=Live)
    _open: int = 0

    async def answers(
        self, asked: ProfileId, now: Callable[[], int]
    ) -> AsyncGenerator[Answer, None]:
        """Yield an answer at once, and a new one after each change.

        Changes are collected while the last answer is on its way and for `settings.interval`, so
        a client that reads slowly gets fewer answers, never older ones, and nothing is queued.

        Raises:
            GraphQLError: there are too many subscriptions here.
        """
        if self._open >= self.settings.most:
            raise _too_many(self.settings.most)
        self._open += 1
        LIVE_SUBSCRIPTIONS.inc()
        try:
            async with watching(self.changes, self.content) as watch:
                await watch.follow({asked})
                cause = AnswerCause.SUBSCRIBED
                while True:
                    watch.begin()
                    visitor = await self.reception.visitor(asked, now())
                    if await watch.follow({asked, ProfileId(visitor.profile.id)}):
                        continue  # who they are was new to us: it may have changed since
                    LIVE_ANSWERS.labels(cause.value).inc()
                    yield Answer(visitor, cause)
                    await self._pause()
                    await watch.changed()
                    cause = watch.cause
                    if cause is AnswerCause.CONTENT:
                        await self._spread()
        finally:
            self._open -= 1
            LIVE_SUBSCRIPTIONS.dec()

    async def _pause(self) -> None:
        await asyncio.sleep(self.settings.interval.total_seconds())

    async def _spread(self) -> None:
        longest = min(self._open * _SPREAD, _LONGEST_SPREAD)
        await asyncio.sleep(random.random() * longest)  # noqa: S311 - no secret


def _too_many(most: int) -> GraphQLError:
    return GraphQLError(
        f"there are {most:,} live subscriptions here already",
        extensions={"code": "TOO_MANY_SUBSCRIPTIONS", "remedy": "ask by a query, or try later"},
    )
