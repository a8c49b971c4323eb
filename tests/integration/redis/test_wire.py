"""The wire on a real Redis that stalls, wants a password, speaks TLS, or is not there."""

import asyncio
import random
import ssl
import time
from itertools import count
from pathlib import Path
from statistics import median

import pytest
import trustme
from proxying import Proxy, proxy
from redis.asyncio import Redis
from redis_servers import free_port, port_of, redis_server

from attune.adapters.dial import options_of
from attune.adapters.link import PATIENCE
from attune.adapters.redis import RedisStore, open_wire
from attune.adapters.wire import Wire
from attune.errors import Unavailable
from attune.ports import Row, Write
from attune.settings import Settings
from feature_repo.views import USER_FEATURES

BUDGET = 0.1
STATE = b"\xa7" + bytes(300)


def names(count: int) -> list[str]:
    return [f"user-{number}" for number in range(count)]


def row_of(name: str) -> Row:
    return Row(1, {"session": STATE + name.encode()})


async def filled(settings: Settings, count: int) -> int:
    """Write rows, each with its owner's name in it; return where Redis listens."""
    with open_wire(str(settings.redis)) as wire:
        store = RedisStore(wire, settings.project, USER_FEATURES)
        await store.save([Write(name, 0, 0, row_of(name).states) for name in names(count)])
    return settings.redis.port or 0


async def test_a_server_that_stalls_in_a_reply_costs_each_its_budget_and_nobody_the_connection(
    settings: Settings,
) -> None:
    async with proxy(await filled(settings, 20)) as between:
        with open_wire(f"redis://127.0.0.1:{between.port}/0", timeout=BUDGET) as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            await store.load(["user-0"])
            between.stall(after=700)
            begun = time.monotonic()

            found = await asyncio.gather(
                *(store.load([name]) for name in names(20)), return_exceptions=True
            )
            waited = time.monotonic() - begun
            with pytest.raises(Unavailable, match="no answer within"):
                await store.load(["user-1"])
            refused = time.monotonic() - begun - waited

            assert found[0] == {"user-0": row_of("user-0")}
            assert all(isinstance(each, Unavailable) for each in found[2:])
            assert waited < PATIENCE  # it was their time that ended, not the connection
            assert refused < waited
            between.resume()
            assert await eventually(store, "user-7") == row_of("user-7")
            assert between.connections == 1


async def eventually(store: RedisStore, name: str) -> Row:
    """What is read once the store has recovered."""
    async with asyncio.timeout(10):
        while True:
            try:
                return (await store.load([name]))[name]
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_a_connection_that_stays_silent_is_replaced(settings: Settings) -> None:
    async with proxy(await filled(settings, 1)) as between:
        with open_wire(f"redis://127.0.0.1:{between.port}/0", timeout=BUDGET) as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            await store.load(["user-0"])
            between.stall()
            with pytest.raises(Unavailable):
                await store.load(["user-0"])

            async with asyncio.timeout(10):
                while between.connections == 1:
                    with pytest.raises(Unavailable):
                        await store.load(["user-0"])
                    await asyncio.sleep(0.02)
            between.resume()

            assert await eventually(store, "user-0") == row_of("user-0")


_ROUNDS = 40  # of 25 reads, and more until each of their outcomes was seen


@pytest.mark.parametrize("seed", range(4))
async def test_no_reply_reaches_another_whoever_gives_up_and_wherever_it_stalls(
    settings: Settings, seed: int
) -> None:
    chance = random.Random(seed)
    target = await filled(settings, 40)
    async with proxy(target, chance=chance) as between:
        with open_wire(f"redis://127.0.0.1:{between.port}/0", timeout=0.02) as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            disturbing = asyncio.create_task(disturb(between, chance))
            outcomes = {"right": 0, "late": 0, "gone": 0}
            for number in count():
                if number >= _ROUNDS and (min(outcomes.values()) or number == 10 * _ROUNDS):
                    break
                wanted = [chance.sample(names(40), chance.choice((1, 1, 1, 7))) for _ in range(25)]
                reads = [asyncio.create_task(store.load(each)) for each in wanted]
                for read in reads:
                    if chance.random() < 0.2:
                        asyncio.get_running_loop().call_later(chance.uniform(0, 0.01), read.cancel)
                found = await asyncio.gather(*reads, return_exceptions=True)
                for each, rows in zip(wanted, found, strict=True):
                    if isinstance(rows, dict):
                        assert rows == {name: row_of(name) for name in each}
                        outcomes["right"] += 1
                    elif isinstance(rows, Unavailable):
                        outcomes["late"] += 1
                    else:
                        assert isinstance(rows, asyncio.CancelledError)
                        outcomes["gone"] += 1
            disturbing.cancel()
            between.resume()

            assert await eventually(store, "user-3") == row_of("user-3")
            assert min(outcomes.values()) > 0, outcomes


async def disturb(between: Proxy, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0, 0.02))
        between.stall(after=chance.randrange(4000))
        await asyncio.sleep(chance.uniform(0, 0.05))
        between.resume()


async def test_a_thousand_who_ask_for_one_user_in_one_tick_cost_one_read(
    settings: Settings,
) -> None:
    await filled(settings, 1)
    async with Redis.from_url(str(settings.redis)) as client:
        with open_wire(str(settings.redis)) as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            await store.load(["user-0"])
            before = (await client.info("commandstats"))["cmdstat_hgetall"]["calls"]

            found = await asyncio.gather(*(store.load(["user-0"]) for _ in range(1000)))

            after = (await client.info("commandstats"))["cmdstat_hgetall"]["calls"]
    assert after - before == 1
    assert all(each == {"user-0": row_of("user-0")} for each in found)


async def test_a_thousand_equal_reads_one_after_the_other_do_not_grow_slower(
    settings: Settings,
) -> None:
    await filled(settings, 1)
    ratios = []
    with open_wire(str(settings.redis)) as wire:
        aging = RedisStore(wire, settings.project, USER_FEATURES)
        await hundred_reads(aging)
        for _ in range(10):
            with open_wire(str(settings.redis)) as another:
                fresh = RedisStore(another, settings.project, USER_FEATURES)
                await fresh.load(["user-0"])
                ratios.append(await hundred_reads(aging) / await hundred_reads(fresh))

    # Beside a connection that has read nothing yet: with Redis on another core than us, which the
    # kernel may decide at any time, each read of either takes twice as long.
    assert median(ratios[5:]) < 1.5


async def hundred_reads(store: RedisStore) -> float:
    """Seconds of our own time: others of this process may be busy beside us."""
    begun = time.thread_time()
    for _ in range(100):
        await store.load(["user-0"])
    return time.thread_time() - begun


@pytest.mark.parametrize("address", ["rediss://127.0.0.1:{}/0", "rediss://localhost:{}/0"])
async def test_tls(settings: Settings, tmp_path: Path, address: str) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with proxy(await filled(settings, 1), tls=context) as between:
        url = address.format(between.port)
        with open_wire(f"{url}?ssl_ca_certs={tmp_path / 'ca.pem'}") as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            assert await store.load(["user-0"]) == {"user-0": row_of("user-0")}
        with open_wire(url) as wire:
            store = RedisStore(wire, settings.project, USER_FEATURES)
            with pytest.raises(Unavailable, match="certificate verify failed"):
                await store.load(["user-0"])


async def test_users_passwords_and_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    user = "api on >secret ~* +@all"
    async with redis_server("--unixsocket", str(path), "--user", *user.split()) as server:
        for url in (
            f"redis://api:secret@127.0.0.1:{port_of(server)}/0",
            f"unix://api:secret@{path}?db=0",
        ):
            with open_wire(url) as wire:
                assert await wire.run([("ACL", "WHOAMI")]) == [b"api"]
        wrong = f"redis://api:wrong@127.0.0.1:{port_of(server)}/0"
        with open_wire(wrong) as wire, pytest.raises(Unavailable, match="WRONGPASS"):
            await wire.run([("PING",)])


async def test_who_is_not_there_is_tried_again_not_by_everybody_and_found_when_they_are() -> None:
    port = free_port()
    wire = Wire(options_of(f"redis://127.0.0.1:{port}/0"), 1.0)
    for _ in range(5):
        with pytest.raises(Unavailable, match="Redis is unavailable"):
            await wire.run([("PING",)])
    with pytest.raises(Unavailable, match="trying again within"):
        await wire.run([("PING",)])

    async with redis_server(port=port):
        async with asyncio.timeout(10):
            while True:
                try:
                    found = await wire.run([("PING",)])
                    break
                except Unavailable:
                    await asyncio.sleep(0.02)
        assert found == [b"PONG"]
    wire.close()
