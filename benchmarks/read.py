"""Reading thirty features of users: `read.one`, `read.hundred`, `read.concurrent`.

Ours are states, read from Redis, decoded and evaluated at now; Feast's are the thirty values that
come of it, stored beforehand and read by `get_online_features_async` and `to_dict`. Both give what
a caller needs, and the same: that is checked. They take turns in one process on one event loop
(uvloop, as the API has); the garbage of imports is frozen, as the API does too. Redis is on the
same core: what is measured then is work. With a core each, a round trip is mostly the waking of the
core that sleeps, which takes a virtual machine some 50 us, of either contender alike.
"""

import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import typer
import uvloop
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
from memory import KINDS, MONTH, Log, history
from read_feast import Feast, Values
from servers import servers
from traffic import now

from attune.adapters.reader import ServiceReader
from attune.adapters.redis import open_wire
from attune.collect.event import millis
from attune.compiled import build
from attune.settings import Settings
from cli.embedded.stack import REDIS
from consumers.main import CONSUMERS
from feature_repo.services import SHOP_PAGE

PEER = "Feast's get_online_features_async of 30 stored values"
ONE = Claim("read.one", "us", PEER, goal=6, limit=1)
HUNDRED = Claim("read.hundred", "us", f"{PEER}, of 100 users", goal=8, limit=1)
CONCURRENT = Claim("read.concurrent", "reads/s", f"{PEER}, 32 at once", goal=18)

KIND = KINDS[1]  # fifty events a month
USERS = 400
AT_ONCE = 32

Read = Callable[[Sequence[str]], Awaitable[Any]]


async def fill(settings: Settings, names: Sequence[str]) -> None:
    """Let the features consumer take in a month of each user."""
    chance = random.Random(1)  # noqa: S311 - a load, repeatable by its seed
    async with AsyncExitStack() as stack:
        consumer = await CONSUMERS["features"](stack, settings)
        events = (e for name in names for e in history(chance, name, MONTH, KIND.events))
        for batch in Log(partitions=6).batches(events):
            await consumer.take(batch)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contender reached in one turn, and the CPU time that a read took, us."""

    value: float
    cpu: float


class Turns:
    """What each contender is measured on."""

    def __init__(self, names: Sequence[str], *, quick: bool) -> None:
        self._names = names
        self._few = 4 if quick else 1
        self._chance = random.Random(2)  # noqa: S311 - as above

    async def one(self, read: Read) -> Turn:
        """Return the median of reads of one user, one after the other, us."""
        ids = self._chance.choices(self._names, k=1200 // self._few)
        return await _median(read, [[each] for each in ids])

    async def hundred(self, read: Read) -> Turn:
        """Return the median of reads of a hundred users, us."""
        drawn = [self._chance.sample(self._names, 100) for _ in range(60 // self._few)]
        return await _median(read, drawn)

    async def concurrent(self, read: Read) -> Turn:
        """Return reads of one user a second, by so many who each ask again when answered."""
        count = 3200 // self._few
        waiting = iter(self._chance.choices(self._names, k=count))

        async def asker() -> None:
            for each in waiting:
                await read([each])

        begun, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(asker() for _ in range(AT_ONCE)))
        spent = time.perf_counter() - begun
        return Turn(count / spent, (time.process_time() - used) / count * 1e6)


async def _median(read: Read, asked: Sequence[Sequence[str]]) -> Turn:
    spent: list[float] = []
    used = time.process_time()
    for ids in asked:
        begun = time.perf_counter()
        await read(ids)
        spent.append(time.perf_counter() - begun)
    return Turn(median(spent) * 1e6, (time.process_time() - used) / len(asked) * 1e6)


async def measure(settings: Settings, budget: Budget) -> list[Result]:
    """Let the contenders take turns at each claim."""
    names = [f"user-{number:06d}" for number in range(USERS)]
    await fill(settings, names)
    moment = millis(now())
    with (
        tempfile.TemporaryDirectory() as directory,
        open_wire(str(settings.redis)) as wire,
    ):
        reader = ServiceReader(wire, settings.project, SHOP_PAGE)

        async def ours(ids: Sequence[str]) -> list[Values]:
            return [answer.values for answer in await reader.read(ids, moment)]

        rows = dict(zip(names, await ours(names), strict=True))
        say("writing the values with Feast")
        feast = Feast(settings, Path(directory), SHOP_PAGE, rows)
        contenders: dict[str, Read] = {"ours": ours, "feast": feast.read}
        check(rows, await feast.read(names), names)
        gc.collect()
        gc.freeze()
        turns = Turns(names, quick=budget.quick)
        return [
            await compared(claim, budget, turn, contenders)
            for claim, turn in (
                (ONE, turns.one), (HUNDRED, turns.hundred), (CONCURRENT, turns.concurrent)
            )
        ]  # fmt: skip


async def compared(
    claim: Claim,
    budget: Budget,
    turn: Callable[[Read], Awaitable[Turn]],
    contenders: Mapping[str, Read],
) -> Result:
    """Let the contenders take turns, after one that only warms up."""
    found: dict[str, list[Turn]] = {name: [] for name in contenders}
    for read in contenders.values():
        await turn(read)
    for number in budget.rounds(3 if budget.quick else 7):
        for name in sorted(contenders, reverse=bool(number % 2)):
            made = await turn(contenders[name])
            found[name].append(made)
            say(f"{claim.id}  round {number + 1}  {name:<6} {made.value:,.0f} {claim.unit}")
    ours, feast = found["ours"], found["feast"]
    used, theirs = (median(each.cpu for each in side) for side in (ours, feast))
    told = f"by CPU time {used:,.0f} us against {theirs:,.0f}, {theirs / used:.1f} times"
    values = ([each.value for each in side] for side in (ours, feast))
    return compare(claim, *values, note=f"{note()}; {told}")


def check(rows: dict[str, Values], found: dict[str, list[Any]], names: Sequence[str]) -> None:
    """See that both answer the same.

    Raises:
        BenchmarkFailed: they do not.
    """
    for field in next(iter(rows.values())):
        ours = [rows[name][field] for name in names]
        # Feast stores no empty list: it comes back as null.
        if [value or None for value in ours] != [value or None for value in found[field]]:
            raise BenchmarkFailed(f"{field} is not the same on both sides")


def note() -> str:
    """Say what was measured."""
    count = sum(len(fields) for _, fields in SHOP_PAGE.chosen)
    return (
        f"{build()}, {count} features of {len(SHOP_PAGE.chosen)} views evaluated, {USERS} users of "
        f"{KIND.events} events each"
    )


def main(*, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure reads of one user, of a hundred, and of many at once."""
    with told_plainly():
        budget = Budget(quick=quick)
        with servers(REDIS) as settings:
            results = uvloop.run(measure(settings, budget))
    show(results, budget, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
