"""Members of a group come, leave and are killed under load; in the end every event counts once."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from histories import append, history, same_states
from roles import Role, caught_up, has_started, members, wait_for

from attune.adapters.kafka.admin import create_topics
from attune.collect.event import Event
from attune.settings import Settings

MEMBERS = 3


class Group:
    """Members of the features group, each a process."""

    def __init__(self, settings: Settings) -> None:
        self.running: list[Role] = []
        self._settings = settings

    async def joins(self) -> None:
        """One more asks to join; who is there may be in the middle of a batch."""
        one = Role(self._settings, "consume", "features")
        self.running.append(one)
        await asyncio.to_thread(wait_for, lambda: has_started(one))

    def is_killed(self, victim: Role) -> None:
        victim.kill()
        self.running.remove(victim)

    async def leaves(self, one: Role) -> None:
        assert await asyncio.to_thread(one.stop) == 0
        self.running.remove(one)

    async def consists_of(self, count: int) -> None:
        """Wait until so many share the partitions."""
        async with asyncio.timeout(60):
            while len(await members(self._settings)) != count:
                await asyncio.sleep(0.1)


@contextmanager
def group(settings: Settings) -> Iterator[Group]:
    """Nobody yet; nobody when the block ends."""
    made = Group(settings)
    try:
        yield made
    finally:
        for one in made.running:
            one.kill()


def slices(events: Sequence[Event], count: int) -> Iterator[list[Event]]:
    """The events in so many parts."""
    size = -(-len(events) // count)
    return (list(events[n : n + size]) for n in range(0, len(events), size))


@pytest.mark.timeout(180)
async def test_three_members_come_leave_and_are_killed_under_load(settings: Settings) -> None:
    events = history(5, 12_000)
    await create_topics(settings.kafka)
    load = slices(events, 6)
    with group(settings) as ours:
        for _ in range(MEMBERS):
            await append(settings, next(load))
            await ours.joins()
        await ours.consists_of(MEMBERS)

        await append(settings, next(load))
        ours.is_killed(ours.running[0])
        await append(settings, next(load))
        await ours.leaves(ours.running[0])
        await ours.joins()
        await append(settings, next(load))
        await ours.joins()
        await asyncio.to_thread(caught_up, settings, "features", seconds=180)
        await ours.consists_of(MEMBERS)

    await same_states(settings, events)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [15, pytest.param(50, marks=pytest.mark.soak)])
async def test_members_are_killed_one_after_the_other(settings: Settings, kills: int) -> None:
    events = history(6, 600 * kills)
    chance = random.Random(7)
    await create_topics(settings.kafka)
    with group(settings) as ours:
        for _ in range(MEMBERS):
            await ours.joins()
        for part in slices(events, kills):
            await append(settings, part)
            ours.is_killed(chance.choice(ours.running))
            await ours.joins()
        await asyncio.to_thread(caught_up, settings, "features", seconds=180)

    await same_states(settings, events)
