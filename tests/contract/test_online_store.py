"""One suite for the online store: the twin in memory, and Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from attune.adapters.memory import MemoryStore
from attune.adapters.redis import RedisStore, open_redis, open_wire
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.ports import OnlineStore, Row, Write
from feature_repo.views import USER_FEATURES

ADA, BOB = ProfileId("ada"), ProfileId("bob")
SESSION = b"\xa7\x01state\x00\xff"


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[OnlineStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    settings = request.getfixturevalue("settings")
    with open_wire(str(settings.redis)) as wire:
        yield RedisStore(wire, settings.project, USER_FEATURES)


async def test_a_profile_never_seen_is_an_empty_row(store: OnlineStore) -> None:
    assert await store.load([ADA, BOB]) == {ADA: Row(), BOB: Row()}


async def test_what_was_saved_is_loaded(store: OnlineStore) -> None:
    refused = await store.save(
        [Write(ADA, 0, 1_700_000_000_123, {"session": SESSION}, {"ledger": b"\x00\x01"})]
    )

    assert refused == set()
    assert (await store.load([ADA]))[ADA] == Row(1, {"session": SESSION}, {"ledger": b"\x00\x01"})


async def test_the_slower_of_two_writers_is_refused_and_changes_nothing(store: OnlineStore) -> None:
    await store.save([Write(ADA, 0, 0, {}, {"traits": b"first"})])

    refused = await store.save(
        [Write(ADA, 0, 0, {}, {"traits": b"slower"}), Write(BOB, 0, 0, {}, {"traits": b"bob"})]
    )

    assert refused == {ADA}
    rows = await store.load([ADA, BOB])
    assert rows[ADA].records == {"traits": b"first"}
    assert rows[BOB].records == {"traits": b"bob"}


async def test_parts_that_are_not_written_stay_and_removed_ones_go(store: OnlineStore) -> None:
    await store.save(
        [Write(ADA, 0, 0, {"session": SESSION, "activity": SESSION}, {"traits": b"t"})]
    )

    await store.save(
        [Write(ADA, 1, 0, {}, {"redirect": b"r"}, frozenset({"session", "traits", "interest"}))]
    )

    assert (await store.load([ADA]))[ADA] == Row(2, {"activity": SESSION}, {"redirect": b"r"})


async def test_a_part_both_removed_and_set_is_set(store: OnlineStore) -> None:
    await store.save([Write(ADA, 0, 0, {}, {"ledger": b"new"}, frozenset({"ledger"}))])

    assert (await store.load([ADA]))[ADA].records == {"ledger": b"new"}


async def test_empty_and_long_states_keep_their_bytes(store: OnlineStore) -> None:
    states = {"session": b"", "activity": bytes(range(256)) * 8}

    await store.save([Write(ADA, 0, 0, states)])

    assert (await store.load([ADA]))[ADA].states == states


async def test_a_store_that_is_away_is_unavailable_not_empty() -> None:
    with open_wire("redis://127.0.0.1:1/0") as wire:
        store = RedisStore(wire, "test", USER_FEATURES)
        with pytest.raises(Unavailable, match="Redis"):
            await store.load([ADA])
        with pytest.raises(Unavailable, match="Redis"):
            await store.save([Write(ADA, 0)])


@pytest.mark.integration
async def test_scripts_that_redis_forgot_are_loaded_again(settings: object) -> None:
    async with open_redis(str(settings.redis)) as client:
        with open_wire(str(settings.redis)) as wire:
            await _forgotten(RedisStore(wire, settings.project, USER_FEATURES), client)


async def _forgotten(store: OnlineStore, client: Redis) -> None:
    await store.save([Write(ADA, 0, 0, {}, {"traits": b"1"})])
    await client.script_flush()

    refused = await store.save([Write(ADA, 1, 0, {}, {"traits": b"2"}), Write(BOB, 7)])

    assert refused == {BOB}
    assert (await store.load([ADA]))[ADA].version == 2
