"""`item` and `session` in GraphQL: features of what events are about."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import httpx
import pytest
from answering import answering
from making import NOON, event, shopped, taken

from attune.adapters.memory import MemoryStore
from attune.adapters.protobuf import timestamp
from attune.collect.event import millis
from attune.errors import Unavailable
from attune.features.entities import ITEM
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView
from attune.ports import Row
from attune.settings import Api
from consumers.features.consumer import Features
from feature_repo.views import FEATURES, ITEM_FEATURES, SESSION_FEATURES, USER_FEATURES

QUERY = """query ($id: ID!, $at: DateTime) { item(id: $id, at: $at) {
    id degraded features { demand { asOf views1h revenue24h trend } }
} }"""
NOTHING = {"asOf": None, "views1h": 0, "revenue24h": 0.0, "trend": None}


class Counting(MemoryStore):
    """Counts round trips."""

    trips = 0

    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        self.trips += 1
        return await super().load(ids)


class Away(MemoryStore):
    async def load(self, ids: Collection[str]) -> dict[str, Row]:
        raise Unavailable("Redis", f"nobody listens for {len(ids)}")


@pytest.fixture
async def items() -> Counting:
    return Counting()


@pytest.fixture
async def client(items: Counting) -> AsyncIterator[httpx.AsyncClient]:
    users, sessions = MemoryStore(), MemoryStore()
    consumer = Features(
        (users, USER_FEATURES), (items, ITEM_FEATURES), (sessions, SESSION_FEATURES)
    )
    await consumer.take(
        taken(
            event(type="page", session_id="s1", at=NOON - timedelta(minutes=9)),
            shopped("viewed", session_id="s1", at=NOON - timedelta(minutes=2)),
            shopped("purchased", "bob", price=12.5),
        )
    )
    items.trips = 0
    async with answering(users, others={"item": items, "session": sessions}) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, object]:
    reply = await client.post("/graphql", json={"query": query, "variables": variables})
    assert reply.status_code == 200, reply.text
    body: dict[str, object] = reply.json()
    return body


async def test_an_item_tells_its_demand_in_one_round_trip(
    client: httpx.AsyncClient, items: Counting
) -> None:
    answer = await ask(client, QUERY, id="p1")

    assert answer["data"]["item"] == {
        "id": "p1",
        "degraded": [],
        "features": {
            "demand": {
                "asOf": "2026-11-02T12:00:00+00:00",
                "views1h": 1,
                "revenue24h": 12.5,
                "trend": 24.0,
            }
        },
    }
    assert items.trips == 1


async def test_windows_end_at_the_moment_that_is_asked_about(client: httpx.AsyncClient) -> None:
    answer = await ask(client, QUERY, id="p1", at=(NOON + timedelta(hours=2)).isoformat())

    demand = answer["data"]["item"]["features"]["demand"]
    assert (demand["views1h"], demand["revenue24h"]) == (0, 12.5)


async def test_a_visit_tells_what_happened_in_it(client: httpx.AsyncClient) -> None:
    answer = await ask(
        client, '{ session(id: "s1") { features { visit { events pages views seconds } } } }'
    )

    assert answer["data"]["session"]["features"]["visit"] == {
        "events": 2,
        "pages": 1,
        "views": 1,
        "seconds": 420.0,
    }


async def test_an_id_that_nobody_knows_has_empty_values(client: httpx.AsyncClient) -> None:
    answer = await ask(client, QUERY, id="nothing")

    assert answer["data"]["item"] == {
        "id": "nothing",
        "degraded": [],
        "features": {"demand": NOTHING},
    }


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ('{ item(id: "") { id } }', "item needs an id"),
        ('{ session(id: "s", at: "2026-01-01T00:00:00") { id } }', "at needs a time zone"),
        ("{ item { id } }", "'Query.item(id:)' of type 'ID!' is required"),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    client: httpx.AsyncClient, query: str, says: str
) -> None:
    answer = await ask(client, query)

    assert says in answer["errors"][0]["message"]


async def test_without_the_store_the_answer_is_empty_and_says_so() -> None:
    async with answering(MemoryStore(), others={"item": Away()}) as client:
        answer = await ask(client, QUERY, id="p1")

    assert answer["data"]["item"] == {
        "id": "p1",
        "degraded": ["features: Redis is unavailable: nobody listens for 1"],
        "features": {"demand": NOTHING},
    }


async def test_every_field_says_what_it_means_and_in_which_unit() -> None:
    async with answering(MemoryStore(), settings=Api(introspection=True)) as client:
        answer = await ask(
            client, '{ __type(name: "ItemDemandFeatures") { fields { name description } } }'
        )

    told = {one["name"]: one["description"] for one in answer["data"]["__type"]["fields"]}
    assert all(told.values())
    assert told["revenue24h"] == "Revenue in the last 24h, in steps of an hour [currency]."


async def test_what_a_job_stored_of_an_item_is_answered_beside_what_is_streamed() -> None:
    stock = PlainView(
        "stock", "What is left", ITEM, (Field("left", "int32", "Pieces"),), "x.parquet"
    )
    every = (FEATURES[0], FeatureSet(ITEM_FEATURES.views, plain=(stock,)), FEATURES[2])
    items = MemoryStore()
    items.rows["p1"] = Row(plain={"_ts:stock": timestamp(millis(NOON)), "stock:left": b"\x18\x07"})

    async with answering(MemoryStore(), others={"item": items}, every=every) as client:
        answer = await ask(
            client, '{ item(id: "p1") { degraded features { stock { left status } } } }'
        )

    assert answer["data"]["item"] == {
        "degraded": [],
        "features": {"stock": {"left": 7, "status": "PRESENT"}},
    }
