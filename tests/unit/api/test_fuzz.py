"""Schemathesis makes up queries of the schema, and we whatever else can be sent: nothing breaks.

`make fuzz` has 2,000 examples of either.
"""

import asyncio
import os
import random
import re
from typing import Any

import httpx
import orjson
import schemathesis
import structlog
from answering import application_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attune.adapters.memory import MemoryStore
from attune.settings import Api

EXAMPLES = int(os.environ.get("ATTUNE_FUZZ_EXAMPLES", "50"))
"""Of all root fields together."""
APPLICATION = application_of(MemoryStore(), settings=Api(introspection=True))

schema = schemathesis.graphql.from_asgi("/graphql", APPLICATION)
ROOT_FIELDS = len(list(schema.get_all_operations()))


@schema.parametrize()
@settings(
    max_examples=-(-EXAMPLES // ROOT_FIELDS), deadline=None, suppress_health_check=list(HealthCheck)
)
def test_whatever_is_asked_nothing_breaks(case: schemathesis.Case) -> None:
    with structlog.testing.capture_logs() as logs:
        reply = case.call()

    assert reply.status_code < 500
    assert not [line for line in logs if line["log_level"] == "error"], case.as_curl_command()
    answer = reply.json()
    assert "data" in answer or answer["errors"]


PAGE = """query Page($id: ID, $slots: [String!] = ["hero"]) { one: user(id: $id) { ...Who
    features { activity { views1h } } blocks(slots: $slots) { key why { basis } } } }
    fragment Who on User { id @skip(if: false) ... { segment } traits: profile { traits } }"""
WORDS = re.findall(r"[\w$]+|\S", PAGE)


def spoilt(seed: int) -> str:
    """A page's query with a few words lost, doubled, or in the place of others."""
    chance = random.Random(seed)
    words = list(WORDS)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(words))
        words[at : at + 1] = chance.choice(([], [words[at]] * 2, [chance.choice(WORDS)], ["{"]))
    return " ".join(words)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "query": st.builds(spoilt, st.integers(0, 2**32)) | st.text() | json,
        "variables": st.dictionaries(st.sampled_from(["id", "slots", "x"]), json) | json,
        "operationName": st.sampled_from(["Page", "Who", "", None]) | json,
        "extensions": st.fixed_dictionaries({"persistedQuery": json}) | json,
        "documentId": json,
    },
)


async def post(content: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(APPLICATION)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        return await client.post(
            "/graphql", content=content, headers={"content-type": "application/json"}
        )


def encoded(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half of a surrogate pair, or a number that is too large
        return repr(body).encode(errors="surrogatepass")


@given(bodies.map(encoded) | json.map(encoded) | st.binary())
@settings(max_examples=EXAMPLES)
def test_whatever_is_sent_nothing_breaks(content: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        reply = asyncio.run(post(content))

    assert reply.status_code in (200, 400)
    assert not [line for line in logs if line["log_level"] == "error"]
    answer = reply.json()
    assert "data" in answer or answer["errors"]
    assert all(error["extensions"]["code"] for error in answer.get("errors", ()))
