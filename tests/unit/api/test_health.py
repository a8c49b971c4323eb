from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api import health
from api.application import Application


def part(state: str, *, needed: bool = False) -> health.Part:
    async def found() -> str:
        return state

    return health.Part(found, lambda: needed)


@asynccontextmanager
async def checked(**parts: health.Part) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Application(health.routes(parts)))
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        yield client


@pytest.mark.parametrize(
    ("redis", "status", "said"),
    [
        (part(""), 200, "ready"),
        (part("Redis is unavailable"), 200, "degraded"),
        (part("not connected yet", needed=True), 503, "waiting"),
    ],
)
async def test_it_is_given_traffic_once_every_part_it_needs_was_there(
    redis: health.Part, status: int, said: str
) -> None:
    async with checked(redis=redis, kafka=part("")) as client:
        reply = await client.get("/health/ready")

    assert reply.status_code == status
    assert reply.json()["status"] == said
    assert reply.json()["kafka"] == "ok"


async def test_it_lives_whatever_is_away() -> None:
    async with checked(redis=part("away", needed=True)) as client:
        assert (await client.head("/health/live")).status_code == 200


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    async with checked() as client:
        reply = await client.get("/metrics")

    assert reply.headers["content-type"].startswith("text/plain")
    assert "# TYPE attune_events_accepted_total counter" in reply.text
