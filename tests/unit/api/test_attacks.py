"""What OWASP's cheat sheet and GraphQL Armor say that is tried on GraphQL servers, one by one.

Each is refused before it costs more than a good request; `test_limits` measures that.
"""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from answering import answering
from greeting import GR, JSON, RESPONSE, code_of

from attune.adapters.memory import MemoryStore

USER = "user(id: 1)"
BLOCK = "key slot component tags why { basis summary rule expression eligible contentVersion }"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with answering(MemoryStore()) as client:
        yield client


def spreading(links: int) -> str:
    chain = " ".join(
        f"fragment F{n} on User {{ id ...F{n + 1} ...F{n + 1} }}" for n in range(links)
    )
    return f"{{ {USER} {{ ...F0 }} }} {chain} fragment F{links} on User {{ id }}"


ATTACKS = {
    "fields within fields": ("{ a " * 20 + "}" * 20, "DEPTH_LIMIT"),
    "a fragment bomb": (spreading(40), "FIELDS_LIMIT"),
    "a small fragment bomb": (spreading(5), "DUPLICATES_LIMIT"),
    "a circle of fragments": (
        f"{{ {USER} {{ ...A }} }} fragment A on User {{ ...B }} fragment B on User {{ ...A }}",
        "FRAGMENT_CIRCLE",
    ),
    "aliases": (
        "{ " + " ".join(f"a{n}: {USER} {{ id }}" for n in range(110)) + " }",
        "ALIASES_LIMIT",
    ),
    "many visitors at once": (
        "{ " + " ".join(f"a{n}: {USER} {{ id }}" for n in range(20)) + " }",
        "ROOT_FIELDS_LIMIT",
    ),
    "a field again and again": (f"{{ {USER} {{ {'id ' * 100} }} }}", "DUPLICATES_LIMIT"),
    "directives": (
        f"{{ {USER} {{ id {'@include(if: true) ' * 50} }} }}",
        "DIRECTIVES_LIMIT",
    ),
    "unknown directives": (f"{{ {USER} {{ id {'@aa ' * 50} }} }}", "DIRECTIVES_LIMIT"),
    "tokens": (f"{{ {USER} {{ {'id ' * 3_000} }} }}", "TOKENS_LIMIT"),
    "comments": ("#\n" * 3_000 + f"{{ {USER} {{ id }} }}", "TOKENS_LIMIT"),
    "a long text": (f"{{ {USER} {{ id }} }}" + " " * 30_000, "CHARACTERS_LIMIT"),
    "operations": (
        " ".join(f"query A{n} {{ {USER} {{ id }} }}" for n in range(100)),
        "DEFINITIONS_LIMIT",
    ),
    "a variable that is a query": (
        '{ user(id: "1\\") { secret } }") { nothing } }',
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "the schema": ("{ __schema { types { name } } }", "INTROSPECTION_OFF"),
    "a type": ('{ __type(name: "User") { name } }', "INTROSPECTION_OFF"),
    "the schema, deep": (
        "{ __schema { types " + "{ fields { type " * 40 + "{ name }" + "} }" * 40 + " } }",
        "INTROSPECTION_OFF",
    ),
    "a mutation": ("mutation { erase }", "GRAPHQL_VALIDATION_FAILED"),
    "a subscription": ("subscription { user { id } }", "GRAPHQL_VALIDATION_FAILED"),
    "@defer": (f"{{ {USER} {{ ... @defer {{ id }} }} }}", "GRAPHQL_VALIDATION_FAILED"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_is_refused_with_what_it_is(client: httpx.AsyncClient, name: str) -> None:
    query, code = ATTACKS[name]

    reply = await client.post("/graphql", json={"query": query}, headers=GR)

    assert reply.status_code == 400
    codes = {error["extensions"]["code"] for error in reply.json()["errors"]}
    assert code in codes, reply.text[:500]
    assert "data" not in reply.json()
    assert len(reply.content) < 10_000


@pytest.mark.parametrize("levels", [100, 200, 400, 600])
async def test_fragments_in_fragments_are_followed_or_refused(
    client: httpx.AsyncClient, levels: int
) -> None:
    """They add no depth to the answer; whoever looks at them calls itself for each."""
    query = f"{{ {USER} {{ {'... { ' * levels} id {'}' * levels} }} }}"

    reply = await client.post("/graphql", json={"query": query}, headers=GR)

    if reply.status_code == 400:
        assert code_of(reply) in ("DEPTH_LIMIT", "FIELDS_LIMIT")
    else:
        assert reply.json() == {"data": {"user": {"id": "1"}}}


async def test_a_list_in_a_variable_costs_as_much(client: httpx.AsyncClient) -> None:
    query = f"query ($s: [String!]) {{ {USER} {{ blocks(slots: $s) {{ key why {{ basis }} }} }} }}"
    body = {"query": query, "variables": {"s": ["hero"] * 3_000}}

    reply = await client.post("/graphql", json=body, headers=GR)

    assert (reply.status_code, code_of(reply)) == (400, "COST_LIMIT")


async def test_many_requests_in_one_are_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post(
        "/graphql", json=[{"query": f"{{ {USER} {{ id }} }}"}] * 10, headers=GR
    )

    assert (reply.status_code, code_of(reply)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
async def test_no_form_of_another_site_can_ask(
    client: httpx.AsyncClient, content_type: str
) -> None:
    reply = await client.post(
        "/graphql",
        content=json.dumps({"query": f"{{ {USER} {{ id }} }}"}),
        headers={"content-type": content_type},
    )

    assert (reply.status_code, code_of(reply)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_no_image_of_another_site_can_ask(client: httpx.AsyncClient) -> None:
    reply = await client.get(
        "/graphql",
        params={"query": f"{{ {USER} {{ id }} }}"},
        headers={"accept": "image/webp,*/*", "sec-fetch-mode": "no-cors"},
    )

    assert (reply.status_code, code_of(reply)) == (403, "SIMPLE_REQUEST")


async def test_ids_are_taken_as_they_are(client: httpx.AsyncClient) -> None:
    for id_ in ('1"} { x', "a:b:c", "../../x", "\r\nDEL *\r\n", "{{7*7}}", "'; DROP TABLE x --"):
        body = {"query": "query ($id: ID) { user(id: $id) { id } }", "variables": {"id": id_}}
        reply = await client.post("/graphql", json=body, headers=JSON | {"accept": RESPONSE})
        assert reply.json() == {"data": {"user": {"id": id_}}}


async def test_errors_do_not_send_back_all_that_was_sent(client: httpx.AsyncClient) -> None:
    for query in ("{ " + "x" * 19_000 + " }", '{ user(id: "' + "x" * 19_000 + '", x: 1) { id } }'):
        reply = await client.post("/graphql", json={"query": query}, headers=GR)
        assert reply.status_code == 400
        assert len(reply.content) < 1_000

    body = {"query": "query ($id: ID) { user(id: $id) { id } }", "variables": {"id": ["x" * 9_000]}}
    reply = await client.post("/graphql", json=body, headers=GR)
    assert reply.status_code == 400
    assert len(reply.content) < 1_000
