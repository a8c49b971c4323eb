"""A view that was declared later is filled from the archive while events go on, on real servers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from histories import append, history, undisturbed
from roles import caught_up, consumer, role

from attune.adapters.redis import RedisStore, open_wire
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import Refused, Taken
from attune.profiles.profile import Profile
from attune.settings import Settings
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

    calm = await undisturbed(events)
    with open_wire(str(settings.redis)) as wire:
        for features, rows in zip(FEATURES, calm, strict=True):
            found = await RedisStore(wire, settings.project, features).load(list(rows))
            for entity, row in rows.items():
                profile = Profile(ProfileId(entity), found[entity], features)
                expected = Profile(ProfileId(entity), row, features)
                assert not profile.seams or (profile.redirect and profile.redirect.done), entity
                assert profile.folded.states() == expected.folded.states(), entity
