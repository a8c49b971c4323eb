"""What a subscription waits for: its visitor's row, wherever that is now, and the content."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from enum import Enum

import strawberry

from attune.ids import ProfileId
from attune.ports import Changes


@strawberry.enum(description="Why there is a new answer.")
class AnswerCause(Enum):
    """What has changed since the last one."""

    SUBSCRIBED = strawberry.enum_value("subscribed", description="It is the first.")
    FEATURES = strawberry.enum_value("features", description="The visitor did something.")
    CONTENT = strawberry.enum_value("content", description="Content, rules or a model changed.")


class Watch:
    """Collects changes until somebody asks: a hundred of them make one new answer."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._listened: set[ProfileId] = set()
        self._changed = asyncio.Event()
        self.cause = AnswerCause.FEATURES

    async def follow(self, profiles: Iterable[ProfileId]) -> bool:
        """Listen to these profiles and no others; say whether there is a new one among them."""
        wanted = set(profiles)
        new, gone = wanted - self._listened, self._listened - wanted
        for profile in new:
            self._listened.add(profile)
            await self._changes.listen(profile, self.row_changed)
        for profile in gone:
            self._listened.remove(profile)
            await self._changes.leave(profile, self.row_changed)
        return bool(new)

    def row_changed(self) -> None:
        """Note that the visitor's row was written."""
        self.cause = AnswerCause.FEATURES
        self._changed.set()

    def content_changed(self) -> None:
        """Note that there is other content."""
        if not self._changed.is_set():
            self.cause = AnswerCause.CONTENT
        self._changed.set()

    async def changed(self) -> None:
        """Return as soon as there is a change."""
        await self._changed.wait()

    def begin(self) -> None:
        """Forget the changes so far: what is read from now on has them."""
        self._changed.clear()


@asynccontextmanager
async def watching(changes: Changes, content: set[Callable[[], None]]) -> AsyncIterator[Watch]:
    """Yield a watch, and let go of all that it listens to."""
    watch = Watch(changes)
    content.add(watch.content_changed)
    try:
        yield watch
    finally:
        content.remove(watch.content_changed)
        await watch.follow(())
