"""The store on a cluster of three, as on one server, also while slots move and a server dies."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from answering import reception
from making import NOON
from redis.asyncio import Redis
from redis.crc import key_slot
from redis_servers import move_slot, port_of, redis_cluster

from api.play import InPlay
from api.reading import Reader
from api.selected import Selected
from attune.adapters.feast import entity_key
from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import millis
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.ports import Row, Write
from feature_repo.views import FEATURES, USER_FEATURES

NAMES = [f"user-{number}" for number in range(200)]


def writes(version: int) -> list[Write]:
    return [Write(name, version, 0, {"session": f"{name} {version}".encode()}) for name in NAMES]


def rows(version: int) -> dict[str, Row]:
    return {write.id: Row(version + 1, write.states) for write in writes(version)}


def slot_of(name: str) -> int:
    slot: int = key_slot(entity_key("user_id", name, "shop"))
    return slot


@pytest.fixture
async def nodes() -> AsyncIterator[list[Redis]]:
    async with redis_cluster() as started:
        yield started


@pytest.fixture
async def store(nodes: list[Redis]) -> AsyncIterator[RedisStore]:
    with open_wire(f"redis://127.0.0.1:{port_of(nodes[0])}/0", cluster=True) as wire:
        yield RedisStore(wire, "shop", USER_FEATURES)


async def test_it_does_what_it_does_on_one_server(nodes: list[Redis], store: RedisStore) -> None:
    assert await store.save(writes(0)) == set()
    assert await store.save([*writes(1)[:3], *writes(0)[3:]]) == set(NAMES[3:])

    found = await store.load(NAMES)

    assert found == {**rows(0), **dict(list(rows(1).items())[:3])}
    assert list(found) == NAMES
    assert (await store.load(["nobody"]))["nobody"] == Row()
    assert sorted([name async for some in store.ids() for name in some]) == sorted(NAMES)
    sizes = [await node.dbsize() for node in nodes]
    assert min(sizes) > 0
    assert sum(sizes) == len(NAMES)
    assert not (await store.join({("events.behavioral", 0): 7})).complete
    assert await store.begin({("events.behavioral", 1): 0}) == await store.begun()
    await store.complete()
    assert (await store.begin({})).complete


async def test_a_visitor_and_what_is_in_play_take_one_round_trip_to_each_server(
    nodes: list[Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: Counter[int] = Counter()
    send = socket.socket.send

    def counting(self: socket.socket, data: bytes, *flags: int) -> int:
        written[self.getpeername()[1]] += 1
        return send(self, data, *flags)

    in_play = InPlay(("s1",), [f"p{number}" for number in range(30)])
    with open_wire(f"redis://127.0.0.1:{port_of(nodes[0])}/0", cluster=True) as wire:
        stores = {each.entity.name: RedisStore(wire, "shop", each) for each in FEATURES}
        readers = {each.entity.name: Reader(stores[each.entity.name], each) for each in FEATURES}
        receiving = reception(stores["user"], others=readers)

        async def answer(name: str) -> None:
            selected: Selected = {"session": (), "items": ()}
            visitor = await receiving.visitor(ProfileId(name), millis(NOON), in_play, selected)
            assert visitor.play
            assert [item.kept.id for item in visitor.play.items] == list(in_play.items)
            assert not visitor.check()

        await answer("ada")  # connects
        monkeypatch.setattr(socket.socket, "send", counting)
        for name in NAMES[:20]:
            written.clear()
            await answer(name)

            assert written == dict.fromkeys(map(port_of, nodes), 1)


async def test_scripts_that_servers_forgot_are_loaded_again(
    nodes: list[Redis], store: RedisStore
) -> None:
    await store.save(writes(0))
    for node in nodes[:2]:
        await node.script_flush()

    assert await store.save(writes(1)) == set()
    assert await store.load(NAMES) == rows(1)


async def test_while_slots_move_every_read_and_write_finds_its_row(
    nodes: list[Redis], store: RedisStore
) -> None:
    source, target, third = nodes
    await store.save(writes(0))
    moving = sorted({slot_of(name) for name in NAMES if slot_of(name) < 16_384 // 3})[:20]
    moved = asyncio.create_task(moves(moving, source, target, third))

    version = reads = 0
    while not moved.done():
        assert await store.load(NAMES) == rows(version)
        singles = await asyncio.gather(*(store.load([name]) for name in NAMES[:50]))
        assert {name: row for each in singles for name, row in each.items()} == {
            name: rows(version)[name] for name in NAMES[:50]
        }
        version += 1
        assert await store.save(writes(version)) == set()
        reads += 1
    await moved

    assert reads > 1
    assert await store.load(NAMES) == rows(version)
    keys = await target.execute_command("CLUSTER", "COUNTKEYSINSLOT", moving[0])
    assert keys > 0


async def moves(slots: list[int], source: Redis, target: Redis, third: Redis) -> None:
    for slot in slots:
        await move_slot(slot, source, target, [third])


async def test_a_server_that_dies_fails_what_is_there_and_not_the_rest(
    nodes: list[Redis], store: RedisStore
) -> None:
    await store.save(writes(0))
    await nodes[0].config_set("cluster-require-full-coverage", "no")
    for node in nodes[1:]:
        await node.config_set("cluster-require-full-coverage", "no")
    third = [name for name in NAMES if slot_of(name) >= 16_384 * 2 // 3]
    rest = [name for name in NAMES if name not in third]

    await nodes[2].shutdown(nosave=True)

    with pytest.raises(Unavailable):
        await store.load([third[0]])
    assert await store.load(rest) == {name: rows(0)[name] for name in rest}
    with pytest.raises(Unavailable):
        await store.load([third[0]])
