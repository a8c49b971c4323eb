"""GraphQL over HTTP, by its draft: statuses, media types, headers, and what is not taken."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from greeting import CHANGES, GR, JSON, RESPONSE, code_of, serving


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with serving() as client:
        yield client


@pytest.mark.parametrize(
    ("query", "legacy", "modern", "data"),
    [
        ("{ hello }", 200, 200, True),
        ("{ maybe }", 200, 200, True),
        ("{ broken }", 200, 200, True),
        ("{", 200, 400, False),
        ("{ nothing }", 200, 400, False),
        ("query ($n: Int!) { hello @skip(if: false) n: many(names: []) }", 200, 400, False),
        ("query ($n: String!) { hello(name: $n) }", 200, 400, False),
        ("query A { hello } query B { hello }", 200, 400, False),
    ],
)
async def test_the_status_says_whether_it_was_carried_out(
    client: httpx.AsyncClient,
    query: str,
    legacy: int,
    modern: int,
    data: bool,  # noqa: FBT001
) -> None:
    body = orjson.dumps({"query": query})
    old = await client.post("/graphql", content=body, headers=JSON)
    new = await client.post("/graphql", content=body, headers=GR)

    assert (old.status_code, old.headers["content-type"]) == (legacy, "application/json")
    assert (new.status_code, new.headers["content-type"]) == (modern, f"{RESPONSE}; charset=utf-8")
    assert ("data" in old.json()) is ("data" in new.json()) is data
    assert "secret" not in new.text


@pytest.mark.parametrize("headers", [JSON, GR])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"5", "not a JSON object"),
        (b'"x"', "not a JSON object"),
        (b"true", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'[{"query": "{ user { id } }"}]', "batches are not taken"),
        (b"{}", "query is missing"),
        (b'{"query": null}', "query is missing"),
        (b'{"query": ""}', "query is empty"),
        (b'{"query": " \\n"}', "query is empty"),
        (b'{"query": 1}', "query is not a string"),
        (b'{"query": "{a}", "variables": []}', "variables is not an object"),
        (b'{"query": "{a}", "variables": {"n": NaN}}', "not JSON"),
        (b'{"query": "{a}", "operationName": 5}', "operationName is not a string"),
        (b'{"query": "{a}", "extensions": 5}', "extensions is not an object"),
        (b'{"query": "{a}", "extensions": {"persistedQuery": 5}}', "persistedQuery is not an obj"),
        (b'{"query": "{a}", "extensions": {"persistedQuery": {}}}', "none that is known here"),
        (
            b'{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}}',
            "none that is known here",
        ),
        (b'{"query": "{a}", "documentId": "a"}', "documentId says it all"),
        (b'{"documentId": 5}', "documentId is not a string"),
        (b'{"query": "\xff"}', "not JSON"),
        (b'{"query": "{ user(id: \\"\\ud800\\") { id } }"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
async def test_a_request_that_is_none_is_told_what_is_wrong(
    client: httpx.AsyncClient, headers: dict[str, str], body: bytes, says: str
) -> None:
    reply = await client.post("/graphql", content=body, headers=headers)

    assert reply.status_code == 400
    (error,) = reply.json()["errors"]
    assert "data" not in reply.json()
    assert says in error["message"]
    assert error["extensions"]["code"] == "MALFORMED_REQUEST"
    assert error["extensions"]["remedy"]


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        (
            {"content-type": "text/plain"},
            b'{"query": "{ hello }"}',
            415,
            "UNSUPPORTED_MEDI",
        ),
        ({}, b'{"query": "{ hello }"}', 415, "UNSUPPORTED_MEDIA_TYPE"),
        (JSON | {"accept": "text/html"}, b"{}", 406, "NOT_ACCEPTABLE"),
        (JSON | {"accept": "*/*," * 9_000}, b"{}", 431, "HEADER_TOO_LONG"),
        (JSON, b"x" * 200_000, 413, "TOO_LARGE"),
        (JSON | {"content-encoding": "br"}, b"{}", 415, "UNSUPPORTED_ENCODING"),
        (JSON | {"content-encoding": "gzip"}, b"{}", 400, "BAD_REQUEST"),
        (JSON | {"content-encoding": "gzip"}, gzip.compress(b" " * 10**6), 413, "TOO_L"),
    ],
)
async def test_a_request_that_cannot_be_taken_has_its_own_status(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    content: bytes,
    status: int,
    code: str,
) -> None:
    reply = await client.post("/graphql", content=content, headers=headers)

    assert reply.status_code == status
    assert code_of(reply).startswith(code)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_told_which_there_are(
    client: httpx.AsyncClient, method: str
) -> None:
    reply = await client.request(method, "/graphql", headers=JSON)

    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")


async def test_a_query_can_be_asked_by_get(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": "query A($name: String!) { hello(name: $name) } query B { hello }",
        "variables": '{"name": "Zoë"}',
        "operationName": "A",
        "extensions": "",
    }

    reply = await client.get("/graphql", params=parameters, headers={"accept": RESPONSE})

    assert reply.json() == {"data": {"hello": "hello Zoë"}}


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({}, 400, "MALFORMED_REQUEST"),
        ({"query": "{ hello }", "variables": "{"}, 400, "MALFORMED_REQUEST"),
        ({"query": "{ hello }", "variables": "[]"}, 400, "MALFORMED_REQUEST"),
        ({"query": "{ hello }", "extensions": "5"}, 400, "MALFORMED_REQUEST"),
        ({"query": "mutation { change }"}, 405, "QUERIES_ONLY"),
        ({"documentId": "nobody"}, 400, "PERSISTED_DOCUMENT_NOT_FOUND"),
    ],
)
async def test_what_get_does_not_take(
    client: httpx.AsyncClient, parameters: dict[str, str], status: int, code: str
) -> None:
    before = list(CHANGES)

    reply = await client.get("/graphql", params=parameters, headers={"accept": RESPONSE})

    assert (reply.status_code, code_of(reply)) == (status, code)
    assert before == CHANGES
    assert reply.headers.get("allow") == ("POST" if status == 405 else None)


async def test_an_address_may_be_as_long_as_a_body() -> None:
    async with serving(max_body_bytes=100) as client:
        reply = await client.get("/graphql", params={"query": "{ hello }" + " " * 100})

    assert (reply.status_code, code_of(reply)) == (413, "TOO_LARGE")


async def test_an_address_has_a_few_parameters(client: httpx.AsyncClient) -> None:
    reply = await client.get("/graphql?" + "a=b&" * 10_000)

    assert (reply.status_code, code_of(reply)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        # A link, an image, a script, a form: what any page can have its visitor's browser send.
        ({"accept": "image/avif,image/webp,*/*;q=0.8", "sec-fetch-mode": "no-cors"}, False),
        ({"accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate"}, False),
        ({"accept": "application/json", "sec-fetch-mode": "no-cors"}, False),
        ({"accept": "*/*"}, False),
        ({"accept": "*/*", "sec-fetch-mode": "cors"}, True),
        ({"accept": "*/*", "sec-fetch-mode": "same-origin"}, True),
        ({"accept": "application/json"}, True),
        ({"accept": "*/*", "graphql-require-preflight": "1"}, True),
        ({"accept": "*/*", "sec-fetch-mode": "no-cors", "apollo-require-preflight": ""}, True),
    ],
)
async def test_a_get_must_be_meant(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    taken: bool,  # noqa: FBT001
) -> None:
    reply = await client.get("/graphql", params={"query": "{ hello }"}, headers=headers)

    assert reply.status_code == (200 if taken else 403)
    assert taken or code_of(reply) == "SIMPLE_REQUEST"


async def test_an_answer_that_does_not_come_is_given_up() -> None:
    async with serving(timeout=0.01) as client:
        reply = await client.post("/graphql", json={"query": "{ slow }"})

    assert (reply.status_code, code_of(reply)) == (503, "TIMEOUT")
    assert reply.headers["retry-after"] == "1"


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with serving(body_timeout=0.01) as client:
        reply = await client.post("/graphql", content=endless(), headers=JSON)

    assert (reply.status_code, code_of(reply)) == (408, "REQUEST_TIMEOUT")


async def test_lists_cost_what_they_hold_in_variables_as_well() -> None:
    query = "query ($names: [String!]!) { many(names: $names) }"
    async with serving(limits={"cost": 60}) as client:
        for count, refused in ((50, False), (51, True)):
            variables: dict[str, Any] = {"names": ["a"] * count}
            reply = await client.post(
                "/graphql", json={"query": query, "variables": variables}, headers=GR
            )
            assert (reply.status_code == 400) is refused

    (error,) = reply.json()["errors"]
    assert error["extensions"] == {
        "code": "COST_LIMIT",
        "limit": 60,
        "found": 61,
        "remedy": "ask for shorter lists or fewer fields, or raise ATTUNE_API__LIMITS__COST",
    }


async def test_nobody_on_the_way_keeps_an_answer(client: httpx.AsyncClient) -> None:
    for query in ("{ hello }", '{ item(id: "a") { id } }', "{"):
        reply = await client.post("/graphql", json={"query": query})
        assert reply.headers["cache-control"] == "private, no-store"
        assert reply.headers["vary"] == "accept, accept-encoding, authorization"


async def test_large_answers_are_packed_for_those_who_take_it() -> None:
    query = {"query": "query ($n: [String!]!) { many(names: $n) }", "variables": {"n": ["x"] * 99}}
    async with serving(compress_from=200) as client:
        packed = await client.post("/graphql", json=query, headers={"accept-encoding": "gzip"})
        plain = await client.post("/graphql", json=query, headers={"accept-encoding": "identity"})
        small = await client.post(
            "/graphql", json={"query": "{ hello }"}, headers={"accept-encoding": "gzip"}
        )

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in small.headers
