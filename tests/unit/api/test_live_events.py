"""Server-sent events, read from the application as a server would send them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from answering import application_of
from making import shopped, taken

from api.application import Application
from attune.adapters.memory import MemoryStore
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

LIVE = (
    "subscription { personalization(userId: %s) { user { features { activity { views24h } } } } }"
)


class Page:
    """A client that reads events."""

    def __init__(self, query: str) -> None:
        body = json.dumps({"query": query}).encode()
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self.told.get()

    async def event(self) -> tuple[str, Any]:
        """The next event that is not a comment: its name and its data."""
        while (chunk := (await self.hear())["body"]).startswith(b":"):
            pass
        name, data = chunk.decode().removesuffix("\n\n").split("\n")
        raw = data.removeprefix("data:").strip()
        return name.removeprefix("event: "), json.loads(raw) if raw else None


@asynccontextmanager
async def reading(query: str, store: MemoryStore) -> AsyncIterator[tuple[Page, Application]]:
    page, app = Page(query), application_of(store)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")],
    }

    async def send(message: dict[str, Any]) -> None:
        page.told.put_nowait(message)

    serving = asyncio.create_task(app(scope, page.said.get, send))
    start = await page.hear()
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    try:
        yield page, app
    finally:
        page.said.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(5):
            await serving


def views(event: tuple[str, Any]) -> int:
    name, payload = event
    assert name == "next"
    found: int = payload["data"]["personalization"]["user"]["features"]["activity"]["views24h"]
    return found


async def test_events_come_as_the_visitor_acts() -> None:
    store = MemoryStore()
    async with reading(LIVE % '"ada"', store) as (page, _):
        assert views(await page.event()) == 0

        await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))

        assert views(await page.event()) == 1
    assert not store.changes.listened_to


async def test_a_refused_operation_is_told_as_an_event() -> None:
    async with reading(LIVE % "null", MemoryStore()) as (page, _):
        name, payload = await page.event()
        assert name == "next"
        assert "needs an id" in payload["errors"][0]["message"]
        assert await page.event() == ("complete", None)


async def test_a_query_is_one_event_and_complete() -> None:
    async with reading('{ user(id: "ada") { id } }', MemoryStore()) as (page, _):
        assert await page.event() == ("next", {"data": {"user": {"id": "ada"}}})
        assert await page.event() == ("complete", None)
        assert (await page.hear()) == {"type": "http.response.body"}


async def test_a_server_that_stops_ends_the_stream() -> None:
    store = MemoryStore()
    async with reading(LIVE % '"ada"', store) as (page, app):
        await page.event()
        app.stop()

        assert (await page.hear()) == {"type": "http.response.body"}
        assert not store.changes.listened_to
