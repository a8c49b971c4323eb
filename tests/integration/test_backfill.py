"""A view that was declared later is filled from the archive while events go on, on real servers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from histories import append, history, stored, undisturbed
from making import NOON, shopped
from roles import caught_up, consumer, role

from attune.adapters.redis import RedisStore, open_redis, open_wire
from attune.collect.event import Event
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import Refused, Taken
from attune.profiles.profile import Profile
from attune.settings import Settings
from cli.unfilled import unfilled
from consumers.features.consumer import Features
from consumers.runner import run
from feature_repo.views import FEATURES, ITEM_FEATURES, SESSION_FEATURES, USER_FEATURES

OLD_USERS = FeatureSet(
    replace(view, version=7) if view.name == "activity" else view
    for view in USER_FEATURES.views
    if view.name not in {"cart", "habits"}
)
OLD_ITEMS = FeatureSet(replace(view, version=7) for view in ITEM_FEATURES.views)
"""The release before: views are new since, and the meaning of others has changed."""


class LastRelease(Features):
    """Stops in the middle of the stream, as a deployment does."""

    def __init__(self, settings: Settings, wire: object, until: int) -> None:
        sets = (OLD_USERS, OLD_ITEMS, SESSION_FEATURES)
        super().__init__(*((RedisStore(wire, settings.project, each), each) for each in sets))
        self.stop = asyncio.Event()
        self._left = until

    async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
        refused = await super().take(batch)
        self._left -= len(batch)
        if self._left <= 0:
            self.stop.set()
        return refused


@pytest.mark.timeout(240)
async def test_new_views_and_new_versions_are_as_if_they_had_always_been_there(
    settings: Settings,
) -> None:
    events = history(11, 4_000)
    with consumer(settings, "archive"):
        await append(settings, events[:2_000])
        with open_wire(str(settings.redis)) as wire:
            old = LastRelease(settings, wire, 2_000)
            await run(old, settings, old.stop, lambda: datetime.now(UTC))
        with consumer(settings) as new:
            await append(settings, events[2_000:2_500])
            await asyncio.to_thread(caught_up, settings, "features")
            with role(settings, "backfill") as filling:
                # Live events go on while it fills, and a member dies in the middle of them.
                await append(settings, events[2_500:3_500])
                new.kill()
                with consumer(settings):
                    await append(settings, events[3_500:])
                    assert await asyncio.to_thread(filling.process.wait, 90) == 0, filling.output()
                    await asyncio.to_thread(caught_up, settings, "features")
        with role(settings, "backfill") as again:
            assert await asyncio.to_thread(again.process.wait, 90) == 0, again.output()

    await _whole(settings, events)


@pytest.mark.timeout(240)
async def test_a_redis_that_is_emptied_under_running_consumers_is_filled_again(
    settings: Settings,
) -> None:
    events = history(12, 1_500)
    since = [shopped("viewed", "u1", NOON + timedelta(hours=1), item=f"p{n}") for n in range(30)]
    with consumer(settings, "archive"), consumer(settings) as one, consumer(settings) as other:
        await append(settings, events)
        await asyncio.to_thread(caught_up, settings, "features")
        async with open_redis(str(settings.redis)) as client:
            await client.flushall()
        await append(settings, since)  # one visitor's: all other partitions stay quiet
        await asyncio.to_thread(caught_up, settings, "features")

        assert "it was emptied" in one.output() + other.output()
        (row,) = (await stored(settings, ["u1"], USER_FEATURES)).values()
        assert Profile(ProfileId("u1"), row, USER_FEATURES).missing == {"u1"}
        with open_wire(str(settings.redis)) as wire:
            stores = [RedisStore(wire, settings.project, features) for features in FEATURES]
            begun = [await store.begun() for store in stores]
        assert [each and each.complete for each in begun] == [False] * len(FEATURES)
        (told,) = await unfilled(settings)
        assert "attune backfill" in told.remedy

        with role(settings, "backfill") as filling:
            assert await asyncio.to_thread(filling.process.wait, 90) == 0, filling.output()
        (told,) = await unfilled(settings)
        assert told.well, told
    await _whole(settings, events + since)


async def _whole(settings: Settings, events: list[Event]) -> None:
    """Every row is whole, and its states are those of a run in which nothing was ever missing."""
    calm = await undisturbed(events)
    with open_wire(str(settings.redis)) as wire:
        for features, rows in zip(FEATURES, calm, strict=True):
            found = await RedisStore(wire, settings.project, features).load(list(rows))
            for entity, row in rows.items():
                profile = Profile(ProfileId(entity), found[entity], features)
                expected = Profile(ProfileId(entity), row, features)
                assert not profile.seams or (profile.redirect and profile.redirect.done), entity
                assert profile.folded.states() == expected.folded.states(), entity
