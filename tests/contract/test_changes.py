"""One suite for hearing of writes: the twin in memory, and Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from attune.adapters.changes import RedisChanges
from attune.adapters.feast import Layout
from attune.adapters.memory import MemoryStore
from attune.adapters.redis import RedisStore, open_wire
from attune.ending import end, running
from attune.ports import Changes, OnlineStore, Write
from feature_repo.views import USER_FEATURES

Both = tuple[OnlineStore, Changes]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    if request.param == "memory":
        store = MemoryStore()
        yield store, store.changes
        return
    settings = request.getfixturevalue("settings")
    layout = Layout(settings.project, USER_FEATURES)
    changes = RedisChanges(str(settings.redis), layout.bare_key)
    with open_wire(str(settings.redis)) as wire:
        async with running(changes.follow()):
            yield RedisStore(wire, settings.project, USER_FEATURES), changes
    await changes.close()


class Ear:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.times = 0
        self._news = asyncio.Event()

    def __call__(self) -> None:
        self.times += 1
        self._news.set()

    def forget(self) -> None:
        self.times = 0
        self._news.clear()

    async def hears(self) -> None:
        async with asyncio.timeout(5):
            await self._news.wait()
        self.forget()


async def write(store: OnlineStore, entity: str) -> None:
    row = (await store.load([entity]))[entity]
    assert not await store.save([Write(entity, row.version, 0, {}, {"traits": b"t"})])


async def test_a_listener_hears_each_write_of_its_entity_and_no_other(both: Both) -> None:
    store, changes = both
    ada, bob = Ear(), Ear()
    await changes.listen("ada", ada)
    await changes.listen("bob", bob)
    ada.forget()
    bob.forget()

    await write(store, "ada")
    await ada.hears()
    await write(store, "ada")
    await ada.hears()

    assert bob.times == 0
    await write(store, "bob")
    await bob.hears()


async def test_who_has_left_hears_nothing_and_others_still_do(both: Both) -> None:
    store, changes = both
    leaver, stayer = Ear(), Ear()
    await changes.listen("ada", leaver)
    await changes.listen("ada", stayer)
    await changes.leave("ada", leaver)
    leaver.forget()
    stayer.forget()

    await write(store, "ada")
    await stayer.hears()

    assert leaver.times == 0
    await changes.leave("ada", stayer)
    await changes.listen("ada", leaver)  # the last one left, and somebody comes again
    leaver.forget()
    await write(store, "ada")
    await leaver.hears()


async def test_a_refused_write_is_not_told(both: Both) -> None:
    store, changes = both
    await write(store, "ada")
    ear = Ear()
    await changes.listen("ada", ear)
    ear.forget()

    assert await store.save([Write("ada", 0, 0, {}, {"traits": b"late"})]) == {"ada"}
    await write(store, "ada")
    await ear.hears()

    assert ear.times == 0


@pytest.mark.integration
@pytest.mark.parametrize("both", ["redis"], indirect=True)
async def test_after_a_lost_connection_listeners_are_told_and_hear_again(
    both: Both, request: pytest.FixtureRequest
) -> None:
    store, changes = both
    settings = request.getfixturevalue("settings")
    ear = Ear()
    await changes.listen("ada", ear)
    ear.forget()

    async with Redis.from_url(str(settings.redis)) as redis:
        assert await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    await ear.hears()  # something may have been missed
    await write(store, "ada")
    await ear.hears()


@pytest.mark.integration
async def test_it_ends_whenever_it_is_told_to(request: pytest.FixtureRequest) -> None:
    """Also in the middle of connecting."""
    settings = request.getfixturevalue("settings")
    for steps in range(40):
        changes = RedisChanges(str(settings.redis), str.encode)
        following = asyncio.create_task(changes.follow())
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await end(following)
        await changes.close()
