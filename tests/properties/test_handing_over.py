"""Two consumers at once, whatever they are given and however they take turns."""

import asyncio
import random
from datetime import timedelta
from unittest.mock import patch

from answering import reception
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape
from turns import BROWSERS, USERS, Turns, links, views

from attune.collect.event import Event, millis
from attune.ids import ProfileId, anonymous_profile
from attune.ports import Taken
from consumers.features import saves
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

LATER = millis(NOON + timedelta(hours=1))


@settings(deadline=None, max_examples=100)
@given(
    events=st.lists(views() | links(), max_size=14),
    seed=st.integers(0, 2**32),
    size=st.sampled_from((1, 2, 5, 14)),
    portion=st.sampled_from((1, 2, 300)),
)
def test_every_view_counts_once_and_is_found(
    events: list[Event], seed: int, size: int, portion: int
) -> None:
    with patch.object(saves, "AT_ONCE", portion):  # profiles of a batch that go on at once
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
