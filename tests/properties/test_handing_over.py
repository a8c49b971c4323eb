"""Two consumers at once, whatever they are given and however they take turns."""

import asyncio
import random
from collections.abc import Collection, Sequence
from datetime import timedelta

from answering import reception
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape, event, shopped

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, Kind, millis
from attune.ids import ProfileId, anonymous_profile
from attune.ports import Row, Taken, Write
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

USERS = ("a", "b", "c")
BROWSERS = ("x", "y")
LATER = millis(NOON + timedelta(hours=1))


class Turns(MemoryStore):
    """Lets the other consumer in before every read and write of every single profile."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        found = {}
        for profile in sorted(profiles):
            await self._wait()
            found |= await super().load([profile])
        return found

    async def save(self, writes: Sequence[Write]) -> set[ProfileId]:
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


@settings(deadline=None, max_examples=100)
@given(
    events=st.lists(views() | links(), max_size=14),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 5),
)
def test_every_view_counts_once_and_is_found(events: list[Event], seed: int, size: int) -> None:
    asyncio.run(_two_at_once(events, seed, size))


async def _two_at_once(events: list[Event], seed: int, size: int) -> None:
    store = Turns(random.Random(seed))
    # As partitions do: all of one key to one consumer.
    shares: tuple[list[Taken], list[Taken]] = ([], [])
    for taken in Tape()(*events):
        shares[sum(taken.event.profile.encode()) % 2].append(taken)

    async def consume(share: list[Taken]) -> None:
        consumer = Features((store, USER_FEATURES))
        for start in range(0, len(share), size):
            await consumer.take(share[start : start + size])

    for _ in range(2):  # the second time nothing is new
        async with asyncio.timeout(20):
            await asyncio.gather(*map(consume, shares))

    ends = {}
    for asked in (*map(ProfileId, USERS), *map(anonymous_profile, BROWSERS)):
        visitor = await reception(store).visitor(asked, LATER)
        ends[visitor.profile.id] = visitor.flat["views_24h"]
        assert visitor.degraded == []
    assert sum(ends.values()) == sum(one.commerce is not None for one in events)
