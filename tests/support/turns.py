"""Events of a few visitors who become each other, and a store that lets others in between."""

import asyncio
import random
from collections.abc import Collection, Sequence
from datetime import timedelta

from hypothesis import strategies as st
from making import NOON, event, shopped

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, Kind
from attune.ports import Row, Write

USERS = ("a", "b", "c")
BROWSERS = ("x", "y")


class Turns(MemoryStore):
    """Lets the other consumer in before every read and write of every single profile."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def load(self, profiles: Collection[str]) -> dict[str, Row]:
        found = {}
        for profile in sorted(profiles):
            await self._wait()
            found |= await super().load([profile])
        return found

    async def save(self, writes: Sequence[Write]) -> set[str]:
        refused = set()
        for write in writes:
            await self._wait()
            refused |= await super().save([write])
        return refused

    async def _wait(self) -> None:
        for _ in range(self._chance.randrange(3)):
            await asyncio.sleep(0)


def views() -> st.SearchStrategy[Event]:
    return st.builds(
        lambda who: shopped("viewed", **who),
        st.sampled_from(
            [{"user": user} for user in USERS]
            + [{"user": None, "anonymous_id": browser} for browser in BROWSERS]
        ),
    )


def links() -> st.SearchStrategy[Event]:
    minutes = st.integers(0, 9).map(lambda minute: NOON + timedelta(minutes=minute))
    identify = st.builds(
        lambda user, browser, at: event(
            user, at, type="identify", kind=Kind.CONTEXTUAL, anonymous_id=browser
        ),
        st.sampled_from(USERS),
        st.sampled_from(BROWSERS),
        minutes,
    )
    alias = st.builds(
        lambda user, previous, at: event(
            user, at, type="alias", kind=Kind.CONTEXTUAL, previous_id=previous
        ),
        st.sampled_from(USERS),
        st.sampled_from(USERS + BROWSERS),
        minutes,
    )
    return identify | alias
