"""One suite for the online store: the twin in memory, and Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from attune.adapters.memory import MemoryStore
from attune.adapters.redis import RedisStore, open_redis, open_wire
from attune.errors import Emptied, Unavailable
from attune.ids import ProfileId
from attune.ports import Begun, OnlineStore, Row, Write
from attune.settings import Settings
from feature_repo.views import SESSION_FEATURES, USER_FEATURES

ADA, BOB = ProfileId("ada"), ProfileId("bob")
SESSION = b"\xa7\x01state\x00\xff"


@dataclass
class Shared:
    """A store that several join, and that is emptied."""

    member: Callable[[], OnlineStore]
    empty: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    if request.param == "memory":
        memory = MemoryStore()

        async def forget() -> None:
            memory.empty()

        yield Shared(memory.beside, forget)
        return
    settings = request.getfixturevalue("settings")

    async def drop() -> None:  # of this test, for others have the same server
        async with open_redis(str(settings.redis)) as client:
            await client.unlink(*[key async for key in client.scan_iter(f"*{settings.project}*")])

    with open_wire(str(settings.redis)) as wire:
        yield Shared(lambda: RedisStore(wire, settings.project, USER_FEATURES), drop)


@pytest.fixture
async def store(shared: Shared) -> OnlineStore:
    return shared.member()


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


async def test_a_row_after_a_write_is_what_the_store_has_then(store: OnlineStore) -> None:
    row = (await store.load([ADA]))[ADA]
    for write in (
        Write(ADA, 0, 1, {"session": SESSION, "activity": SESSION}, {"traits": b"t"}),
        Write(ADA, 1, 2, {"session": b""}, {"ledger": b"l"}, frozenset({"ledger", "interest"})),
        Write(ADA, 2, 3, {}, {"redirect": b"r"}, frozenset({"session", "traits", "activity"})),
    ):
        assert await store.save([write]) == set()
        row = row.after(write)

        assert (await store.load([ADA]))[ADA] == row


async def test_empty_and_long_states_keep_their_bytes(store: OnlineStore) -> None:
    states = {"session": b"", "activity": bytes(range(256)) * 8}

    await store.save([Write(ADA, 0, 0, states)])

    assert (await store.load([ADA]))[ADA].states == states


QUIET, BUSY = ("events.behavioral", 0), ("events.behavioral", 1)


async def test_what_was_really_read_goes_before_what_was_expected(store: OnlineStore) -> None:
    assert await store.begun() is None
    assert await store.join({QUIET: 7, BUSY: 5}) == Begun({QUIET: 7, BUSY: 5}, filled=False)

    # The last release has read on, and then nobody any more: the latest is known best.
    await store.begin({BUSY: 9})
    await store.begin({BUSY: 3})
    begun = await store.join({QUIET: 8, BUSY: 20})

    assert begun == await store.begun() == Begun({QUIET: 8, BUSY: 9}, filled=False)
    assert not begun.complete


async def test_a_kind_is_complete_if_it_was_read_from_its_first_event_on_or_filled(
    store: OnlineStore,
) -> None:
    assert (await store.join({QUIET: 0, BUSY: 0})).complete
    assert (await store.begin({BUSY: 0})).complete
    assert not (await store.join({QUIET: 4, BUSY: 9})).complete

    await store.complete()

    assert (await store.begin({})).complete


async def test_a_store_that_was_emptied_refuses_everything_from_those_who_knew_it(
    shared: Shared,
) -> None:
    first, second = shared.member(), shared.member()
    for member in (first, second):
        await member.join({QUIET: 0})
    await first.save([Write(ADA, 0, 0, {}, {"traits": b"before"})])
    await shared.empty()

    with pytest.raises(Emptied):
        await first.save([Write(BOB, 0)])
    await first.join({QUIET: 3})
    await first.save([Write(ADA, 0, 0, {}, {"traits": b"anew"})])

    # The row is at the version that the other one knows, but it is not the row that it knows.
    with pytest.raises(Emptied):
        await second.save([Write(ADA, 1, 0, {}, {"traits": b"of before"})])
    with pytest.raises(Emptied):
        await second.begin({BUSY: 0})
    with pytest.raises(Emptied):
        await second.complete()
    assert (await second.load([ADA]))[ADA].records == {"traits": b"anew"}
    assert await second.join({QUIET: 3}) == Begun({QUIET: 3}, filled=False)
    assert await second.save([Write(ADA, 1)]) == set()


@pytest.mark.integration
async def test_a_visit_is_kept_for_as_long_as_its_entity_says_after_its_last_event(
    settings: Settings,
) -> None:
    ttl = SESSION_FEATURES.entity.ttl * 86_400
    assert ttl
    async with open_redis(str(settings.redis)) as client:
        with open_wire(str(settings.redis)) as wire:
            visits = RedisStore(wire, settings.project, SESSION_FEATURES)
            await visits.save([Write("s1", 0)])
            (key,) = [each async for each in client.scan_iter(f"*{settings.project}")]
            assert ttl - 60 < await client.ttl(key) <= ttl

            await client.expire(key, 60)
            await visits.save([Write("s1", 1)])
            assert ttl - 60 < await client.ttl(key) <= ttl

            await client.pexpire(key, 1)
            async with asyncio.timeout(5):
                while await client.exists(key):
                    await asyncio.sleep(0)
            assert await visits.load(["s1"]) == {"s1": Row()}


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
