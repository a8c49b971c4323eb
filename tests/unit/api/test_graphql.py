from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from answering import answering, current
from graphql import build_client_schema, get_introspection_query
from making import NOON, shopped, taken

from attune.adapters.memory import MemoryStore
from attune.decide.content import Block, Content, Slot
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.ports import Row
from attune.settings import Api
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with answering(MemoryStore()) as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    reply = await client.post("/graphql", json={"query": query, "variables": variables})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{", "Syntax Error"),
        ("# nothing", "Syntax Error"),
        ("{ user { id } }", "user needs an id"),
        ('{ user(id: "", anonymousId: "") { id } }', "user needs an id"),
        ('{ user(id: "a", at: "2026-01-01T00:00:00") { id } }', "at needs a time zone"),
        ('{ user(id: "a", at: "yesterday") { id } }', "DateTime"),
        ('{ user(id: "a") { shoe } }', "Cannot query field 'shoe'"),
        ("mutation { buy }", "mutation operation is not supported"),
        ("query A { user { id } } query B { user { id } }", "several operations"),
        ("fragment A on User { id }", "never used"),
        ("subscription { a }", "Cannot query field 'a' on type 'Subscription'"),
    ],
)
async def test_a_query_that_cannot_be_answered_says_why(
    client: httpx.AsyncClient, query: str, says: str
) -> None:
    answer = await ask(client, query)

    assert says in answer["errors"][0]["message"]


async def test_somebody_never_seen_has_an_empty_profile_and_a_prior(
    client: httpx.AsyncClient,
) -> None:
    query = """{ user(id: "nobody") {
        degraded profile { userId firstSeenAt } features { session { sessions asOf } }
        predictions { value basis } blocks(slots: []) { key }
    } }"""

    answer = await ask(client, query)

    assert answer["data"]["user"] == {
        "degraded": [],
        "profile": {"userId": "nobody", "firstSeenAt": None},
        "features": {"session": {"sessions": 0, "asOf": None}},
        "predictions": [{"value": 0.03, "basis": "PRIOR"}],
        "blocks": [],
    }


@pytest.mark.parametrize(
    ("asked", "profile"),
    [
        ('id: "ada", anonymousId: "x"', "ada"),
        ('id: "", anonymousId: "x"', "anon:x"),
        ('id: "anon:x"', "anon:x"),
        ('anonymousId: "anon:x"', "anon:anon:x"),
        ("id: 42", "42"),
    ],
)
async def test_a_visitor_is_asked_for_by_either_id(
    client: httpx.AsyncClient, asked: str, profile: str
) -> None:
    answer = await ask(client, f"{{ user({asked}) {{ id }} }}")

    assert answer["data"] == {"user": {"id": profile}}


async def test_names_and_slots_that_nobody_knows_are_answered(client: httpx.AsyncClient) -> None:
    query = """{ user(id: "a") {
        predictions(names: ["x"]) { name } blocks(slots: ["x"]) { key why { basis summary } }
    } }"""

    answer = await ask(client, query)

    assert answer["data"]["user"] == {
        "predictions": [],
        "blocks": [
            {
                "key": None,
                "why": {
                    "basis": "NONE",
                    "summary": "There is no slot x; the slots are: none yet.",
                },
            }
        ],
    }


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_any_moment_can_be_asked_about(at: str) -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("purchased")))
    content = Content(slots=(Slot("hero", fallback="b"),), blocks=(Block("b", "hero", "Banner"),))
    query = (
        "query ($at: DateTime) { user(id: "
        '"ada", at: $at) { features { purchases { frequency recencyDays } } blocks { key } } }'
    )

    async with answering(store, current(content)) as client:
        answer = await ask(client, query, at=at)

    user = answer["data"]["user"]
    assert user["features"]["purchases"]["frequency"] == 1
    assert user["features"]["purchases"]["recencyDays"] >= 0
    assert user["blocks"] == [{"key": "b"}]


class Broken(MemoryStore):
    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        raise RuntimeError(f"secret of {list(profiles)}")


class Away(MemoryStore):
    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        raise Unavailable("Redis", f"nobody listens for {len(profiles)}")


async def test_what_breaks_inside_stays_inside() -> None:
    async with answering(Broken()) as client:
        with structlog.testing.capture_logs() as logs:
            answer = await ask(client, '{ user(id: "ada") { id } }')

    (error,) = answer["errors"]
    assert error["message"] == "something broke on our side"
    assert "secret" not in str(answer)
    assert [line["incident"] for line in logs] == [error["extensions"]["incident"]]


async def test_an_answer_without_the_store_is_given_and_says_so() -> None:
    async with answering(Away()) as client:
        answer = await ask(client, '{ user(id: "ada") { id degraded predictions { basis } } }')

    assert answer["data"]["user"] == {
        "id": "ada",
        "degraded": ["features: Redis is unavailable: nobody listens for 1"],
        "predictions": [{"basis": "PRIOR"}],
    }


async def test_windows_are_evaluated_at_the_moment_that_is_asked_about() -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))
    query = (
        'query ($at: DateTime) { user(id: "ada", at: $at) { features { activity { views1h } } } }'
    )

    async with answering(store) as client:
        now = await ask(client, query)
        later = await ask(client, query, at=(NOON + timedelta(hours=2)).isoformat())

    assert now["data"]["user"]["features"]["activity"]["views1h"] == 1
    assert later["data"]["user"]["features"]["activity"]["views1h"] == 0


async def test_graphiql_learns_the_schema_within_the_limits() -> None:
    async with answering(MemoryStore(), settings=Api(introspection=True)) as client:
        answer = await ask(
            client,
            get_introspection_query(
                specified_by_url=True,
                directive_is_repeatable=True,
                schema_description=True,
                input_value_deprecation=True,
            ),
        )

    assert "errors" not in answer
    assert build_client_schema(answer["data"]).query_type
