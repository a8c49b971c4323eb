"""From the collector's 200 to the answer that shows it, under load: `freshness.p99`.

The API and the features consumer run as they ship, each a process. A thousand events a second come
in at their times whether or not the earlier ones are answered (open loop), in requests of ten. In
between single events of new visitors are followed: from the 200 on, GraphQL is asked again and
again until `views1h` has it. The clock stops when that answer is here, so one GraphQL request is
part of every figure. Beside it, in the same seconds, a bare aiokafka round trip.
"""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from uuid import uuid4

import httpx
import msgspec
import typer
from harness import (
    AsJson,
    BenchmarkFailed,
    Budget,
    Claim,
    Quick,
    Result,
    compare,
    say,
    show,
    told_plainly,
)
from http_load import OK, Client
from servers import HERE, WRITE_KEY, finish, program, servers

from attune.adapters.kafka.admin import create_topics
from attune.adapters.postgres.migrate import migrate
from attune.compiled import build
from attune.settings import Settings
from cli.embedded.process import Child
from cli.embedded.stack import BROKERS, POSTGRES, REDIS

P99 = Claim("freshness.p99", "ms", "a bare aiokafka round trip; the limit is 3 times it", 1, 3)

LOAD, IN_REQUEST = 1000, 10
"""Events a second, and in one request."""
FOLLOWED = 25.0
"""Events a second that are followed, and round trips a second of bare Kafka."""
LONG, SHORT, WARM = 30.0, 12.0, 4.0
"""Seconds of a round, with `--quick`, and of the first one, which is not counted."""
_PAUSE = 0.002  # seconds between two questions for one visitor
_PATIENCE = 5.0  # seconds until an event counts as lost
_QUERY = "query Seen($id: ID!) { user(id: $id) { features { activity { views1h } } } }"


@dataclass(slots=True)
class Round:
    """What one stretch of load showed, in milliseconds."""

    visible: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    """Of single GraphQL requests."""
    bare: list[float] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Events accepted a second."""
        return self.accepted / self.seconds


class Shop:
    """Sends events to the collector and looks for them in GraphQL."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own = uuid4().hex[:8]
        self._visitors = count()

    async def batch(self, found: Round) -> None:
        """Send the events of `IN_REQUEST` of two thousand visitors."""
        first = next(self._visitors) * IN_REQUEST
        calls = [_viewed(f"{self._own}-{(first + n) % 2000}") for n in range(IN_REQUEST)]
        reply = await self._client.post("/v1/batch", {"batch": calls})
        if reply.status == OK:
            found.accepted += IN_REQUEST
        else:
            found.refused += IN_REQUEST

    async def follow(self, found: Round) -> None:
        """Send one event of a new visitor, and wait until it can be seen."""
        visitor = f"{self._own}-new-{next(self._visitors)}"
        reply = await self._client.post("/v1/track", _viewed(visitor))
        accepted = time.perf_counter()
        if reply.status != OK:
            found.refused += 1
            return
        found.accepted += 1
        while not await self._seen(visitor, found):
            if time.perf_counter() - accepted > _PATIENCE:
                raise BenchmarkFailed(f"an accepted event is not visible after {_PATIENCE:g} s")
            await asyncio.sleep(_PAUSE)
        found.visible.append(1000 * (time.perf_counter() - accepted))

    async def _seen(self, visitor: str, found: Round) -> bool:
        asked = {"query": _QUERY, "variables": {"id": visitor}}
        begun = time.perf_counter()
        reply = msgspec.json.decode((await self._client.post("/graphql", asked)).body)
        found.answers.append(1000 * (time.perf_counter() - begun))
        if "errors" in reply:
            raise BenchmarkFailed(f"GraphQL: {reply['errors'][0]['message']}")
        return bool(reply["data"]["user"]["features"]["activity"]["views1h"])


def _viewed(visitor: str) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": visitor,
        "messageId": uuid4().hex,
        "properties": {"product_id": "p1", "category": "shoes", "brand": "acme", "price": 9.9},
    }


async def under_load(settings: Settings, seconds: float) -> Round:
    """Run one stretch of load with its followed events and the bare round trips."""
    found = Round()
    client = Client(settings.api.host, settings.api.port, WRITE_KEY)
    with _bare(settings, seconds) as bare:
        shop, begun = Shop(client), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            bulk = (LOAD - FOLLOWED) / IN_REQUEST
            group.create_task(paced(bulk, seconds, lambda: shop.batch(found)))
            group.create_task(paced(FOLLOWED, seconds, lambda: shop.follow(found)))
        found.seconds = time.perf_counter() - begun
        await client.close()
        found.bare = await asyncio.to_thread(_printed, bare)
    return found


async def paced(a_second: float, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    """Begin something at fixed times, whether or not the earlier ones have ended."""
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(round(a_second * seconds)):
            await asyncio.sleep(begun + number / a_second - time.perf_counter())
            group.create_task(_awaited(do))


async def _awaited(do: Callable[[], Awaitable[None]]) -> None:
    await do()


@contextmanager
def _bare(settings: Settings, seconds: float) -> Iterator[Child]:
    topic = f"{settings.kafka.topic_prefix}bare-{uuid4().hex[:6]}"
    arguments = (settings.kafka.brokers, topic, str(FOLLOWED), str(seconds))
    with program(settings, str(HERE / "freshness_bare.py"), *arguments) as child:
        yield child


def _printed(child: Child) -> list[float]:
    for line in finish(child, 20).splitlines():
        if line.startswith('{"ms"'):
            times: list[float] = json.loads(line)["ms"]
            return times
    raise BenchmarkFailed(child.last_words())


@contextmanager
def attune(settings: Settings) -> Iterator[None]:
    """Run the API and the features consumer while the block runs."""
    migrate(settings)
    asyncio.run(create_topics(settings.kafka))
    with ExitStack() as closing:
        closing.enter_context(program(settings, "-m", "cli", "consume", "features"))
        api = closing.enter_context(program(settings, "-m", "cli", "api"))
        address = f"http://{settings.api.host}:{settings.api.port}/health/ready"
        until = time.monotonic() + 30
        while not _ready(address):
            if api.ended() or time.monotonic() > until:
                raise BenchmarkFailed(api.last_words())
            time.sleep(0.1)
        yield


def _ready(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def measure(settings: Settings, budget: Budget) -> list[Round]:
    """Run the rounds; the first seconds, of a young broker and cold programs, are not counted."""
    asyncio.run(under_load(settings, WARM))
    found = []
    for number in budget.rounds():
        one = asyncio.run(under_load(settings, SHORT if budget.quick else LONG))
        ours, bare = quantiles(one.visible), quantiles(one.bare)
        say(
            f"round {number + 1}  {one.rate:,.0f} events/s accepted, {one.refused} refused; "
            f"ours {ours[0]:.1f} / {ours[1]:.1f} ms, bare {bare[0]:.1f} / {bare[1]:.1f} ms"
        )
        found.append(one)
    return found


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile (the value that 1 in 100 exceeds)."""
    ordered = sorted(times)
    return median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def result(rounds: list[Round]) -> Result:
    """Return the claim: 99th percentiles of each round."""
    ours, bare = ([quantiles(r.visible) for r in rounds], [quantiles(r.bare) for r in rounds])
    asking = median(median(one.answers) for one in rounds)
    note = (
        f"{build()}; p50 {median(p50 for p50, _ in ours):.1f} "
        f"against {median(p50 for p50, _ in bare):.1f}; "
        f"one GraphQL request, part of ours, takes {asking:.1f}; "
        f"{median(one.rate for one in rounds):,.0f} events/s accepted, "
        f"{sum(one.refused for one in rounds)} refused; {len(rounds[0].visible)} followed a round"
    )
    return compare(P99, [p99 for _, p99 in ours], [p99 for _, p99 in bare], note)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(*, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure how long an accepted event takes to be visible."""
    with told_plainly():
        budget = Budget(quick=quick)
        with servers(BROKERS, REDIS, POSTGRES, pin=False) as started:
            api = started.api.model_copy(update={"port": _free_port()})
            settings = started.model_copy(update={"api": api})
            with attune(settings):
                found = measure(settings, budget)
    show([result(found)], budget, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
