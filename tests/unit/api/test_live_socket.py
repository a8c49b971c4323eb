"""The protocol graphql-transport-ws, word by word, without a network."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from answering import application_of
from making import shopped, taken

from attune.adapters.memory import MemoryStore
from attune.ports import OnlineStore
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

LIVE = """
subscription ($user: ID) {
  personalization(userId: $user) { cause user { id features { activity { views24h } } } }
}"""


class Browser:
    """A client: what it says, and what it is told."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()

    def say(self, **message: object) -> None:
        self.say_text(json.dumps(message))

    def say_text(self, text: str) -> None:
        self.said.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            found = await self.told.get()
        if found["type"] == "websocket.send":
            return json.loads(found["text"])
        return found

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.told.put_nowait(message)


@asynccontextmanager
async def connected(
    store: OnlineStore | None = None, *, protocols: tuple[str, ...] = ("graphql-transport-ws",)
) -> AsyncIterator[Browser]:
    browser = Browser()
    browser.said.put_nowait({"type": "websocket.connect"})
    scope = {"type": "websocket", "path": "/graphql", "subprotocols": list(protocols)}
    app = application_of(store or MemoryStore())
    serving = asyncio.create_task(app(scope, browser.said.get, browser.send))
    accepted = await browser.hear()
    assert accepted["type"] == "websocket.accept"
    assert accepted["subprotocol"] == (protocols[0] if "graphql" in protocols[0] else None)
    try:
        yield browser
    finally:
        browser.reads.set()
        browser.leave()
        async with asyncio.timeout(5):
            await serving


@asynccontextmanager
async def begun(store: OnlineStore | None = None) -> AsyncIterator[Browser]:
    async with connected(store) as browser:
        browser.say(type="connection_init")
        assert await browser.hear() == {"type": "connection_ack"}
        yield browser


def subscribe(browser: Browser, number: str = "1", user: str = "ada", query: str = LIVE) -> None:
    payload = {"query": query, "variables": {"user": user}}
    browser.say(id=number, type="subscribe", payload=payload)


async def viewed(store: MemoryStore, user: str = "ada") -> None:
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed", user)))


def answer(views: int, cause: str, user: str = "ada") -> dict[str, Any]:
    features = {"activity": {"views24h": views}}
    found = {"cause": cause, "user": {"id": user, "features": features}}
    return {"id": "1", "type": "next", "payload": {"data": {"personalization": found}}}


async def test_a_subscription_is_answered_at_once_and_when_the_visitor_acts() -> None:
    store = MemoryStore()
    async with begun(store) as browser:
        subscribe(browser)
        assert await browser.hear() == answer(0, "SUBSCRIBED")

        await viewed(store)

        assert await browser.hear() == answer(1, "FEATURES")


async def test_a_completed_subscription_says_nothing_more_and_its_id_is_free() -> None:
    store = MemoryStore()
    async with begun(store) as browser:
        subscribe(browser)
        await browser.hear()
        browser.say(id="1", type="complete")
        browser.say(type="ping")
        assert (await browser.hear())["type"] == "pong"
        assert not store.changes.listened_to
        await viewed(store)
        subscribe(browser)

        assert await browser.hear() == answer(1, "SUBSCRIBED")


async def test_a_query_is_answered_once_and_complete() -> None:
    async with begun() as browser:
        subscribe(browser, query="query ($user: ID) { user(id: $user) { id } }")

        assert (await browser.hear())["payload"] == {"data": {"user": {"id": "ada"}}}
        assert await browser.hear() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("subscription { nothing }", "nothing"),
        ("subscription {", "Syntax Error"),
        ("", "query is empty"),
        ("subscription { personalization { cause } }", "personalization needs an id"),
        ("query A { user { id } } query B { user { id } }", "operation"),
    ],
)
async def test_what_is_wrong_with_an_operation_ends_that_one_only(query: str, says: str) -> None:
    async with begun() as browser:
        subscribe(browser, "bad", query=query)
        refused = await browser.hear()
        assert (refused["type"], refused["id"]) == ("error", "bad")
        assert says in refused["payload"][0]["message"]

        subscribe(browser)
        assert await browser.hear() == answer(0, "SUBSCRIBED")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('{"type": "subscribe", "id": "2", "payload": "x"}', 4400),
        ('{"type": "subscribe", "payload": {"query": "{ a }"}}', 4400),
        ('{"type": "subscribe", "id": 7, "payload": {"query": "{ a }"}}', 4400),
        ('{"type": "complete"}', 4400),
        ('{"type": "surprise"}', 4400),
        ('{"id": "1"}', 4400),
        ('["type"]', 4400),
        ("not json", 4400),
        ('{"type": "connection_init"}', 4429),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}', 4409),
    ],
)
async def test_who_breaks_the_protocol_is_sent_away(said: str, code: int) -> None:
    async with begun() as browser:
        subscribe(browser)
        await browser.hear()
        browser.say_text(said)

        closed = await browser.hear()
        assert (closed["type"], closed["code"]) == ("websocket.close", code)


async def test_nobody_is_served_before_they_have_introduced_themselves() -> None:
    async with connected() as browser:
        subscribe(browser)
        assert (await browser.hear())["code"] == 4401


async def test_another_protocol_is_refused() -> None:
    async with connected(protocols=("soap",)) as browser:
        assert (await browser.hear())["code"] == 4406


async def test_pings_are_answered_with_what_they_bring() -> None:
    async with begun() as browser:
        browser.say(type="ping", payload={"n": 1})
        assert await browser.hear() == {"type": "pong", "payload": {"n": 1}}
        browser.say(type="pong")
        subscribe(browser)
        assert await browser.hear() == answer(0, "SUBSCRIBED")


async def test_a_client_that_does_not_read_gets_the_newest_answer_when_it_does() -> None:
    store = MemoryStore()
    async with begun(store) as browser:
        subscribe(browser)
        await browser.hear()
        browser.reads.clear()
        consumer, acts = Features((store, USER_FEATURES)), [shopped("viewed") for _ in range(30)]
        for one in taken(*acts):
            await consumer.take([one])
        browser.reads.set()

        told = []
        while not told or told[-1] < 30:
            found = (await browser.hear())["payload"]["data"]["personalization"]
            told.append(found["user"]["features"]["activity"]["views24h"])

        assert len(told) <= 2, told  # the one that was on its way, and the newest


async def test_too_many_operations_of_one_connection_are_refused_one_by_one() -> None:
    async with begun() as browser:
        for number in range(21):
            subscribe(browser, f"s{number}", query=LIVE)
        found = [await browser.hear() for _ in range(21)]

        refused = [each for each in found if each["type"] == "error"]
        assert [each["id"] for each in refused] == ["s20"]
        assert refused[0]["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
