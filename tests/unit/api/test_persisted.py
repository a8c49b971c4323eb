from hashlib import sha256
from typing import Any

import httpx
import orjson
import pytest
from greeting import GR, RESPONSE, code_of, known_of, serving

HELLO = "query Hello($name: String) { hello(name: $name) }"
ITEM = "query ($id: String!) { item(id: $id) { id } }"
CHANGE = "mutation { change }"
KNOWN = known_of(HELLO, ITEM, CHANGE)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def automatic(text: str, query: str | None = None) -> dict[str, Any]:
    """As Apollo's and urql's clients send it."""
    body: dict[str, Any] = {
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed(text)}}
    }
    return body if query is None else {**body, "query": query}


async def post(client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await client.post("/graphql", json=body, headers=GR)


@pytest.mark.parametrize(
    "asked",
    [
        {"documentId": f"sha256:{hashed(HELLO)}"},
        {"documentId": hashed(HELLO)},
        automatic(HELLO),
        automatic(HELLO, HELLO),
        {"query": HELLO},
    ],
)
@pytest.mark.parametrize("documents", ["any", "known"])
async def test_a_known_document_is_answered_however_it_is_named(
    asked: dict[str, Any], documents: str
) -> None:
    async with serving(KNOWN, documents=documents) as client:
        reply = await post(client, {**asked, "variables": {"name": "Ada"}})

    assert reply.json() == {"data": {"hello": "hello Ada"}}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"documentId": "sha256:00"}, "PERSISTED_DOCUMENT_NOT_FOUND"),
        ({"documentId": ""}, "PERSISTED_DOCUMENT_NOT_FOUND"),
        ({"query": "{ hello }"}, "DOCUMENT_NOT_KNOWN"),
        ({"query": HELLO + " "}, "DOCUMENT_NOT_KNOWN"),
        ({"query": "{"}, "DOCUMENT_NOT_KNOWN"),
        (automatic("{ hello }"), "DOCUMENT_NOT_KNOWN"),
        (automatic("{ hello }", "{ hello }"), "DOCUMENT_NOT_KNOWN"),
        (automatic("{ hello }", "{ maybe }"), "DOCUMENT_NOT_KNOWN"),
    ],
)
async def test_in_production_nothing_else_is_answered(asked: dict[str, Any], code: str) -> None:
    async with serving(KNOWN, documents="known") as client:
        for _ in range(2):  # nor is it learnt
            reply = await post(client, asked)
            assert (reply.status_code, code_of(reply)) == (400, code)
            assert reply.json()["errors"][0]["extensions"]["remedy"]


async def test_a_client_registers_a_query_by_its_hash_once() -> None:
    async with serving() as client:
        first = await post(client, automatic(HELLO))
        second = await post(client, automatic(HELLO, HELLO))
        third = await post(client, automatic(HELLO))

    # What Apollo's and urql's clients look for.
    assert first.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code_of(first) == "PERSISTED_QUERY_NOT_FOUND"
    assert second.json() == third.json() == {"data": {"hello": "hello you"}}


async def test_apollo_is_told_what_it_waits_for_with_200_where_it_takes_plain_json() -> None:
    async with serving() as client:
        reply = await client.post("/graphql", json=automatic(HELLO))

    assert reply.status_code == 200
    assert reply.json()["errors"][0]["message"] == "PersistedQueryNotFound"


@pytest.mark.parametrize(
    ("text", "query", "code"),
    [
        (HELLO, "{ maybe }", "PERSISTED_QUERY_HASH_MISMATCH"),
        ("{", "{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_be_answered_is_not_registered(text: str, query: str, code: str) -> None:
    async with serving() as client:
        first = await post(client, automatic(text, query))
        again = await post(client, automatic(text))

    assert (code_of(first), code_of(again)) == (code, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_flood_of_registrations_leaves_those_in_use() -> None:
    async with serving(cached_documents=8) as client:
        await post(client, automatic(HELLO, HELLO))
        await post(client, automatic(HELLO))
        for number in range(50):
            text = f'{{ hello(name: "{number}") }}'
            await post(client, automatic(text, text))

        assert (await post(client, automatic(HELLO))).json()["data"]
        assert code_of(await post(client, automatic('{ hello(name: "0") }')))


async def get(
    client: httpx.AsyncClient, text: str, variables: dict[str, Any], **headers: str
) -> httpx.Response:
    parameters = {
        "documentId": f"sha256:{hashed(text)}",
        "variables": orjson.dumps(variables).decode(),
    }
    return await client.get("/graphql", params=parameters, headers=headers)


async def test_an_answer_about_no_visitor_may_be_kept_for_a_while() -> None:
    async with serving(KNOWN, public_max_age=7) as client:
        reply = await get(client, ITEM, {"id": "a"})
        tag = reply.headers["etag"]
        same = await get(client, ITEM, {"id": "a"}, **{"if-none-match": f'"x", {tag}'})
        other = await get(client, ITEM, {"id": "b"}, **{"if-none-match": tag})

    assert reply.json() == {"data": {"item": {"id": "a"}}}
    assert reply.headers["cache-control"] == "public, max-age=7"
    assert reply.headers["vary"] == "accept, accept-encoding, authorization"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert same.headers["cache-control"] == "public, max-age=7"
    assert other.json() == {"data": {"item": {"id": "b"}}}


@pytest.mark.parametrize(
    ("text", "variables", "settings"),
    [
        (HELLO, {}, {}),  # of a visitor, for all that we know
        (ITEM, {"id": "degraded"}, {}),
        (ITEM, {}, {}),
        (ITEM, {"id": "a"}, {"public_max_age": 0}),
    ],
)
async def test_no_other_answer_may_be_kept(
    text: str, variables: dict[str, Any], settings: dict[str, Any]
) -> None:
    async with serving(KNOWN, **settings) as client:
        reply = await get(client, text, variables)

    assert reply.headers["cache-control"] == "private, no-store"
    assert "etag" not in reply.headers


async def test_a_known_mutation_is_not_carried_out_by_get() -> None:
    async with serving(KNOWN) as client:
        reply = await get(client, CHANGE, {}, accept=RESPONSE)

    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
