"""A request on a real Redis: one round trip for all of it, and an answer whatever Redis does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
from answering import current, serving_graphql
from making import NOON, event, shopped, taken
from proxying import Proxy, proxy

from api.application import Application
from api.context import Context
from api.live.answers import Answering
from api.measure import Measured
from api.population import Population
from api.reading import Reader
from api.schema import build_schema
from api.visitor import Reception
from attune.adapters.link import PATIENCE
from attune.adapters.memory import MemoryChanges
from attune.adapters.memory_content import MemoryMeasures
from attune.adapters.redis import RedisStore, Servers, open_redis, open_wire
from attune.collect.event import Kind
from attune.decide.content import Block, Content, Rule, Slot
from attune.settings import Api, Settings
from consumers.features.consumer import Features
from feature_repo.views import FEATURES, USER_FEATURES

BUDGET = 0.1
CONTENT = Content(
    slots=(Slot("hero", fallback="welcome"),),
    blocks=(Block("welcome", "hero", "Hero"), Block("hot", "hero", "Hero")),
    rules=(Rule("hero", 1, "item.views24h > 1 && session.orders > 0", "hot"),),
)
EVERYTHING = """{
  user(id: "ada") {
    degraded
    features { activity { views24h } ranks { rfm } }
    predictions { basis }
    blocks { key }
  }
  item(id: "p1") { features { demand { views24h } } }
  session(id: "s1") { features { visit { pages } } }
}"""


IN_PLAY = """query ($id: ID, $anonymous: ID) {
  user(id: $id, anonymousId: $anonymous, sessionId: "s1", itemIds: ["p1", "p2"]) {
    id
    degraded
    features { activity { views24h } ranks { rfm } }
    session { features { visit { orders } } }
    items { id features { demand { views24h } } }
    blocks { key }
  }
}"""


def application(wire: Servers, settings: Settings) -> Application:
    readers = {
        each.entity.name: Reader(RedisStore(wire, settings.project, each), each)
        for each in FEATURES
    }
    using = current(CONTENT)
    reception = Reception(
        readers["user"].store,
        USER_FEATURES,
        lambda: using,
        lambda: "id",
        Population(readers["population"]),
        readers,
    )
    measured = Measured(MemoryMeasures().counts)
    live = Answering(reception, MemoryChanges(), set())
    context = Context(reception, measured, lambda: NOON + timedelta(minutes=1), live, readers)
    return serving_graphql(build_schema(FEATURES), context, Api())


@asynccontextmanager
async def answering(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Proxy]]:
    """The API behind a proxy of Redis, where ada has bought something."""
    with open_wire(str(settings.redis)) as wire:
        stores = [(RedisStore(wire, settings.project, each), each) for each in FEATURES]
        acts = [shopped(act, session_id="s1") for act in ("viewed", "viewed", "purchased")]
        await Features(*stores).take(taken(*acts))
    async with proxy(settings.redis.port or 0) as between:
        address = f"redis://127.0.0.1:{between.port}/0"
        with open_wire(address, timeout=BUDGET) as wire:
            transport = httpx.ASGITransport(application(wire, settings))
            async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
                yield client, between


async def ask(
    client: httpx.AsyncClient, query: str = EVERYTHING, **variables: str
) -> dict[str, object]:
    reply = await client.post("/graphql", json={"query": query, "variables": variables})
    body = reply.json()
    assert "errors" not in body
    data: dict[str, object] = body["data"]
    return data


async def rows_read(settings: Settings) -> int:
    async with open_redis(str(settings.redis)) as client:
        calls: int = (await client.info("commandstats"))["cmdstat_hgetall"]["calls"]
        return calls


async def test_a_request_for_a_user_their_rank_an_item_and_a_visit_is_one_round_trip(
    settings: Settings,
) -> None:
    async with answering(settings) as (client, between):
        await ask(client)  # connects
        await asyncio.sleep(0)
        trips = between.commands

        answered = await ask(client)

        assert between.commands == trips + 1
    assert answered["user"]["features"] == {"activity": {"views24h": 2}, "ranks": {"rfm": 511}}
    assert answered["user"]["degraded"] == []
    assert answered["item"] == {"features": {"demand": {"views24h": 2}}}


async def test_what_is_in_play_comes_in_the_round_trip_of_the_visitor(settings: Settings) -> None:
    async with answering(settings) as (client, between):
        await ask(client, IN_PLAY, id="ada")  # connects
        await asyncio.sleep(0)
        trips = between.commands

        answered = await ask(client, IN_PLAY, id="ada")

        assert between.commands == trips + 1
    assert answered["user"] == {
        "id": "ada",
        "degraded": [],
        "features": {"activity": {"views24h": 2}, "ranks": {"rfm": 511}},
        "session": {"features": {"visit": {"orders": 1}}},
        "items": [
            {"id": "p1", "features": {"demand": {"views24h": 2}}},
            {"id": "p2", "features": {"demand": {"views24h": 0}}},
        ],
        "blocks": [{"key": "hot"}],
    }


async def test_a_redirect_of_the_visitor_takes_one_more_and_nothing_is_read_twice(
    settings: Settings,
) -> None:
    async with answering(settings) as (client, between):
        with open_wire(str(settings.redis)) as wire:
            stores = [(RedisStore(wire, settings.project, each), each) for each in FEATURES]
            signed_in = event(
                type="identify", kind=Kind.CONTEXTUAL, anonymous_id="browser", traits={}
            )
            await Features(*stores).take(taken(signed_in))
        await ask(client, IN_PLAY, id="ada")  # connects
        await asyncio.sleep(0)
        trips, reads = between.commands, await rows_read(settings)

        answered = await ask(client, IN_PLAY, anonymous="browser")

        assert between.commands == trips + 2
        assert await rows_read(settings) == reads + 5  # the old row, the visit, two items, the user
    assert answered["user"]["id"] == "ada"
    assert answered["user"]["blocks"] == [{"key": "hot"}]


async def test_while_redis_stalls_answers_come_within_their_budget_and_say_what_is_missing(
    settings: Settings,
) -> None:
    async with answering(settings) as (client, between):
        await ask(client)
        between.stall(after=30)
        begun = time.monotonic()
        answers = await asyncio.gather(*(ask(client) for _ in range(10)))
        spent = time.monotonic() - begun

        for answered in answers:
            user = answered["user"]
            assert user["degraded"] == ["features: Redis is unavailable: no answer within 0.1 s"]
            assert user["predictions"] == [{"basis": "PRIOR"}]
            assert user["blocks"] == [{"key": "welcome"}]
        assert spent < PATIENCE  # it was their time that ended, not the connection

        between.resume()
        async with asyncio.timeout(10):
            while (answered := await ask(client))["user"]["degraded"]:
                await asyncio.sleep(0.01)
        assert answered["user"]["features"]["activity"] == {"views24h": 2}
        assert between.connections == 1


async def test_while_redis_stalls_each_part_in_play_says_that_it_is_missing(
    settings: Settings,
) -> None:
    async with answering(settings) as (client, between):
        await ask(client, IN_PLAY, id="ada")
        between.stall()

        answered = await ask(client, IN_PLAY, id="ada")

        reason = "features: Redis is unavailable: no answer within 0.1 s"
        assert answered["user"] == {
            "id": "ada",
            "degraded": [reason, f"session.{reason}", f"items.{reason}"],
            "features": {"activity": {"views24h": 0}, "ranks": {"rfm": None}},
            "session": {"features": {"visit": {"orders": 0}}},
            "items": [
                {"id": each, "features": {"demand": {"views24h": 0}}} for each in ("p1", "p2")
            ],
            "blocks": [{"key": "welcome"}],
        }


async def test_after_two_seconds_of_silence_it_is_connected_anew(settings: Settings) -> None:
    async with answering(settings) as (client, between):
        await ask(client)
        between.stall()
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            assert (await ask(client))["user"]["degraded"]
            await asyncio.sleep(0.05)

        between.resume()
        async with asyncio.timeout(10):
            while (await ask(client))["user"]["degraded"]:
                await asyncio.sleep(0.01)
