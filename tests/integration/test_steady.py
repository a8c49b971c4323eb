"""A worker that has answered for long is as quick and as small as a new one."""

import json
from collections.abc import Iterator, Sequence
from itertools import count, islice
from statistics import median

import psutil
import pytest
from closed_loop import Load, load, post
from roles import Role, serving_api

from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings
from cli.seed.load import DEMO, seed

QUERY = """query Page($id: ID!) { user(id: $id) {
  id profile { userId traits } segment segments { name why }
  features { activity { views1h views24h behaviorScore } session { sessions } }
  predictions { name value why } blocks { decisionId slot key content why { summary } } degraded
} }"""
AT_ONCE = 8


def identical() -> Iterator[bytes]:
    while True:
        yield ask(QUERY, "ada")


def all_kinds() -> Iterator[bytes]:
    """Mostly one document, for ever other visitors; one in fifty nobody has sent before."""
    for number in _numbers:
        text = f"# {number}\n{QUERY}" if number % 50 == 0 else QUERY
        yield ask(text, f"visitor-{number}")


_numbers = count()


def ask(query: str, visitor: str) -> bytes:
    return post("/graphql", json.dumps({"query": query, "variables": {"id": visitor}}).encode())


async def answered(port: int, requests: Iterator[bytes], most: int) -> Load:
    """Ask so many times; several at once."""
    return await load(port, list(islice(requests, most)), AT_ONCE, most=most)


def megabytes(running: Role) -> float:
    return psutil.Process(running.process.pid).memory_info().rss / 1e6


@pytest.fixture
def prepared(settings: Settings) -> Settings:
    migrate(settings)
    return settings


async def test_a_thousand_identical_requests_take_as_long_as_the_first_of_them(
    prepared: Settings,
) -> None:
    await seed(prepared, DEMO)
    with serving_api(prepared) as (_, client):
        port = client.base_url.port
        assert port
        await answered(port, identical(), 200)  # types are completed, the plan is made

        parts = [await answered(port, identical(), 100) for _ in range(10)]

    medians = [median(part.latencies) for part in parts]
    assert median(medians[5:]) < 1.5 * median(medians[:5]), _told(medians)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_a_hundred_thousand_requests_leave_nothing_behind(prepared: Settings) -> None:
    await seed(prepared, DEMO)
    # Small enough that a thousand documents fill it: what is kept is kept from the beginning on.
    with serving_api(prepared, ATTUNE_API__CACHED_DOCUMENTS="20") as (running, client):
        port = client.base_url.port
        assert port
        await answered(port, all_kinds(), 1_000)
        before = megabytes(running)

        seen = []
        for _ in range(10):
            await answered(port, all_kinds(), 10_000)
            seen.append(megabytes(running))

    assert seen[-1] <= 1.05 * before, f"{before:.0f} MB, then {[round(each) for each in seen]}"


def _told(seconds: Sequence[float]) -> str:
    return ", ".join(f"{1e3 * each:.1f} ms" for each in seconds)
