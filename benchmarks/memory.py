"""Redis bytes a user, everything included: `memory.user`, which is the costliest kind of visitor.

Visitors with light, medium and heavy histories are folded by the features consumer into an empty
Redis, each kind alone, first over a month and then, the same visitors, over ten months. Then every
byte that Redis counts for the keys of visitors is divided by the visitors. The claim is about the
thirty features that `read` and `answer` ask for; the note has all that are declared as well.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from statistics import median

import mmh3
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
from redis import Redis
from servers import servers
from traffic import now

from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import Commerce, CommerceAction, Event, Kind, Product
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView
from attune.ports import Consumer, Taken
from attune.settings import Settings
from attune.stream import Position, topic_of
from cli.embedded.stack import REDIS
from consumers.features.consumer import Features
from consumers.main import CONSUMERS
from feature_repo.services import SHOP_PAGE
from feature_repo.views import USER_FEATURES

USER = Claim("memory.user", "bytes", "the limit; Metarank publishes 860", goal=1, limit=1)
LIMIT = 1000.0
CLAIMED = FeatureSet(tuple(v for v, _ in SHOP_PAGE.chosen if isinstance(v, FeatureView)))
NAMED = "visitor-"
"""What the id of each visitor begins with."""
_SLOT = 16
"""Bytes of a key in the table of keys that MEMORY USAGE leaves out: one pointer, at most two."""

MONTH, LONGER = 30, 10
"""Days of the short history, and how many times as long the long one is, equally dense."""
_BATCH = 5000  # events of one call of the consumer, as the runner gives it
_ACTS: tuple[tuple[CommerceAction, float], ...] = (
    ("viewed", 0.88), ("added", 0.08), ("removed", 0.01), ("purchased", 0.03),
)  # fmt: skip
"""Shares of a shop's events; REES46's sample has 97.8 percent views, which would keep less."""


@dataclass(frozen=True, slots=True)
class Visitors:
    """A kind of visitor: events in a month, how many of them we load, also with `--quick`."""

    name: str
    events: int
    users: int
    few: int


KINDS = (
    Visitors("light", 5, 2000, 400),
    Visitors("medium", 50, 500, 80),
    Visitors("heavy", 500, 60, 12),
)


def history(chance: random.Random, user: str, days: int, events: int) -> Iterator[Event]:
    """Yield one visitor's events in order of time, in visits of about five, the last one now."""
    end = now()
    visits = sorted(chance.uniform(0, days * 86_400) for _ in range(max(1, events // 5)))
    starts = [*(end - timedelta(seconds=ago) for ago in reversed(visits)), end]
    moments = (start + timedelta(seconds=40 * step) for start in starts for step in range(5))
    for _, moment in zip(range(events), moments, strict=False):
        yield _event(chance, user, min(moment, end))


def _event(chance: random.Random, user: str, at: datetime) -> Event:
    action = chance.choices([act for act, _ in _ACTS], [share for _, share in _ACTS])[0]
    category = f"department-{chance.randrange(6)}.category-{chance.randrange(9)}"
    price = chance.randrange(100, 50_000) * 10_000
    product = Product(
        f"p{chance.randrange(5000)}", category, f"brand-{chance.randrange(40)}", price
    )
    bought = action == "purchased"
    return Event(
        id=f"{chance.getrandbits(122):032x}",
        type="track",
        kind=Kind.TRANSACTIONAL if bought else Kind.BEHAVIORAL,
        timestamp=at,
        received_at=at,
        source="bench",
        user_id=user,
        commerce=Commerce(action, (product,), revenue_micros=price if bought else None),
    )


class Log:
    """Gives events the places that Kafka would: a visitor is in one partition of each topic."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._offset = count()

    def batches(self, events: Iterator[Event]) -> Iterator[list[Taken]]:
        """Yield the events in batches of the runner's size."""
        batch: list[Taken] = []
        for event in events:
            partition = mmh3.hash(event.profile, signed=False) % self._partitions
            place = Position(topic_of(event), partition, next(self._offset))
            batch.append(Taken(place, event))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


class Server:
    """What Redis says of its memory, key by key: buffers of connections come and go."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def empty(self) -> None:
        """Forget everything."""
        self._redis.flushall()

    def users(self) -> set[bytes]:
        """Return the keys that are about visitors; what is kept of items is not theirs."""
        return set(self._redis.scan_iter(f"*{NAMED}*", count=5000))

    def bytes(self) -> int:
        """Return what those keys take, with their names and their places in the key table."""
        with self._redis.pipeline(transaction=False) as pipe:
            for key in self.users():
                pipe.memory_usage(key, samples=0)
            sizes: list[int] = pipe.execute()
        return sum(sizes) + _SLOT * len(sizes)


@dataclass(frozen=True, slots=True)
class Load:
    """Visitors of one kind, and how many times as long their history is as a month."""

    kind: Visitors
    users: int
    times: int
    seed: int

    def events(self, names: list[str]) -> Iterator[Event]:
        """Yield their events, one visitor after the other."""
        chance = random.Random(self.seed)  # noqa: S311 - a load, repeatable by its seed
        for name in names:
            yield from history(chance, name, MONTH * self.times, self.kind.events * self.times)


Opener = Callable[[AsyncExitStack], Awaitable[Consumer]]


async def bytes_a_user(opened: Opener, server: Server, load: Load) -> float:
    """Let a new consumer take in everything, and return bytes for each visitor.

    One that went on would remember visitors of whom the emptied server knows nothing.
    """
    server.empty()
    names = [f"{NAMED}{number:08d}" for number in range(load.users)]
    async with AsyncExitStack() as stack:
        consumer = await opened(stack)
        for batch in Log(partitions=6).batches(load.events(names)):
            await consumer.take(batch)
    if (found := len(server.users())) < load.users:
        raise BenchmarkFailed(f"{found} keys in Redis for {load.users} visitors")
    return server.bytes() / load.users


async def claimed(stack: AsyncExitStack, settings: Settings) -> Consumer:
    """Return the features consumer with the thirty features of the claim, and no other entities."""
    wire = stack.enter_context(open_wire(str(settings.redis)))
    return Features((RedisStore(wire, settings.project, CLAIMED), CLAIMED))


async def declared(stack: AsyncExitStack, settings: Settings) -> Consumer:
    """Return the features consumer as it ships."""
    return await CONSUMERS["features"](stack, settings)


Found = dict[str, list[float]]
"""Bytes by kind and length of history, one a round."""


async def measure(settings: Settings, budget: Budget) -> tuple[Found, Found]:
    """Return what the thirty features take, and what all take."""
    thirty: Found = {}
    every: Found = {}
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(Redis.from_url(str(settings.redis)))
        server = Server(redis)
        for number in budget.rounds(most=3):
            for kind in KINDS:
                users = kind.few if budget.quick else kind.users
                for times in (1, LONGER):
                    load = Load(kind, users, times, seed=number)
                    name = f"{kind.name} x{times}"
                    for found, opened in ((thirty, claimed), (every, declared)):
                        each = await bytes_a_user(partial(opened, settings=settings), server, load)
                        found.setdefault(name, []).append(each)
                    say(
                        f"round {number + 1}  {name:<11} {thirty[name][-1]:,.0f} bytes a user, "
                        f"all features {every[name][-1]:,.0f}"
                    )
    return thirty, every


def result(thirty: Found, every: Found) -> Result:
    """Return the claim: the costliest visitors of each round against the limit."""
    worst = [max(each) for each in zip(*thirty.values(), strict=True)]
    return compare(
        USER,
        worst,
        [LIMIT] * len(worst),
        f"{len(CLAIMED.fields)} features, the costliest of {_told(thirty)}; all "
        f"{len(USER_FEATURES.fields)} declared: {_told(every)} "
        "(events a month: 5, 50, 500; x10: ten months)",
    )


def _told(found: Found) -> str:
    return ", ".join(f"{name} {median(each):,.0f}" for name, each in found.items())


def main(*, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure Redis bytes a user."""
    with told_plainly():
        budget = Budget(quick=quick)
        with servers(REDIS, pin=False) as settings:
            found = asyncio.run(measure(settings, budget))
    show([result(*found)], budget, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
