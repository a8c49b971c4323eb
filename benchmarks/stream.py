"""Events a second on one core, from broker to Redis: `stream.feast`, `stream.quix`, `stream.floor`.

Ours is the role `attune consume features` as it ships, a process on a core of its own; the servers
have the other. A round begins with an empty Redis and a new consumer group. Rates are steady: from
the first commit to the last, without start-up. The note says whether our hot modules ran compiled
(`make compile`, as in the image of production) or interpreted.
"""

import asyncio
import pstats
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Annotated

import quix
import typer
from harness import (
    AsJson,
    BenchmarkFailed,
    Budget,
    Claim,
    Quick,
    Result,
    alternate,
    compare,
    say,
    show,
    told_plainly,
)
from marks import Rate, steady, told
from redis import Redis
from servers import HERE, cores, finish, program, servers
from traffic import now, produce, shop_events, source_name
from watching import Group

from attune.compiled import build
from attune.settings import Settings
from attune.stream import BEHAVIORAL, EVENTS, topic_of
from cli.embedded.stack import BROKERS, REDIS
from feature_repo.views import USER_FEATURES

FEAST = Claim("stream.feast", "events/s", "Feast's batched write alone of the same rows", goal=2)
QUIX = Claim("stream.quix", "events/s", "Quix Streams, five windows", goal=3)
FLOOR = Claim("stream.floor", "events/s", "consume and decode only", goal=None)

MANY, FEW = 120_000, 48_000
"""Events of a round, and with `--quick`: at least five batches."""
_TURN = 90.0  # seconds that one contender may take for its turn


@dataclass(slots=True)
class Turns:
    """Gives each contender its turn on the same events."""

    settings: Settings
    events: int
    behavioral: int
    """Of the events; Quix reads only their topic."""
    profiles: int

    cpu: dict[str, list[float]] = field(default_factory=dict)
    """Events a second of CPU time, by contender."""
    _turn: Iterator[int] = field(default_factory=count)

    def ours(self) -> float:
        """Let the features consumer take in everything."""
        with Group(self.settings.kafka, "features", EVENTS) as group:
            with program(self.settings, "-m", "cli", "consume", "features", core=_core()) as child:
                marks = group.watch(child, self.events, _TURN)
            group.forget()
        self._all_there()
        return self._keep("ours", steady(marks))

    def feast(self, row: str = "entity") -> float:
        """Let Feast write our rows of a batch, or others: see `stream_feast`."""
        rate = self._script("feast", self._group(), str(self.events), row)
        self._all_there()
        return rate

    def floor(self) -> float:
        """Only consume and decode."""
        return self._script("floor", self._group(), str(self.events))

    def quix(self, kind: str = "tumbling") -> float:
        """Let Quix Streams count."""
        kafka, group = self.settings.kafka, self._group()
        state = self.settings.data / group
        rate = self._script(
            "quix",
            kafka.brokers,
            kafka.topic_prefix + BEHAVIORAL,
            group,
            str(state),
            kind,
            str(self.behavioral),
            python=quix.python(),
        )
        shutil.rmtree(state, ignore_errors=True)
        return rate

    def _script(self, name: str, *arguments: str, python: str = sys.executable) -> float:
        path = str(HERE / f"stream_{name}.py")
        with program(self.settings, path, *arguments, core=_core(), python=python) as child:
            marks = told(finish(child, _TURN))
            if not marks:
                raise BenchmarkFailed(f"{name}: {child.last_words()}")
        return self._keep(name, steady(marks))

    def _keep(self, name: str, rate: Rate) -> float:
        self.cpu.setdefault(name, []).append(rate.cpu)
        return rate.wall

    def _group(self) -> str:
        return f"bench-{next(self._turn)}"

    def _all_there(self) -> None:
        """Empty Redis, after making sure that it has every profile.

        Raises:
            BenchmarkFailed: it has not.
        """
        with Redis.from_url(str(self.settings.redis)) as redis:
            found = int(redis.eval(_PROFILES, 0, f"*{self.settings.project}"))
            redis.flushall()
        if found != self.profiles:
            raise BenchmarkFailed(f"{found:,} profiles in Redis instead of {self.profiles:,}")


_PROFILES = """
local cursor, found = '0', 0
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 5000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if string.find(key, 'user_id', 1, true) then found = found + 1 end
  end
until cursor == '0'
return found
"""
"""Counts the users; items and whatever else is kept beside them do not matter here."""


def _core() -> int:
    return cores().measured


def loaded(settings: Settings, events: int) -> Turns:
    """Fill the topics."""
    made = shop_events(events, now())
    say(f"producing {len(made):,} {source_name()}")
    asyncio.run(produce(settings.kafka, made))
    behavioral = sum(topic_of(event) == BEHAVIORAL for event in made)
    turns = Turns(settings, len(made), behavioral, len({event.profile for event in made}))
    turns.floor()  # a young broker is slow: its first reading is not counted
    turns.cpu.clear()
    return turns


def measure(turns: Turns, budget: Budget) -> list[Result]:
    """Run the rounds and make the results of them."""
    contenders: dict[str, Callable[[], float]] = {
        "ours": turns.ours,
        "feast": turns.feast,
        "quix": turns.quix,
        "floor": turns.floor,
    }
    found = alternate(budget, contenders)
    cpu = {name: median(rates) for name, rates in turns.cpu.items()}
    ours = found["ours"]

    def result(claim: Claim, peer: str, note: str) -> Result:
        own = f"{build()}, by CPU time {cpu['ours']:,.0f} against {cpu[peer]:,.0f}"
        return compare(claim, ours, found[peer], f"{own}; {note}")

    what = f"{turns.events:,} {source_name()} of {turns.profiles:,} visitors"
    fields = f"{len(USER_FEATURES.fields)} user features on our side"
    return [
        result(FEAST, "feast", f"{fields}; {what}; {_feast_note(turns, budget)}"),
        result(QUIX, "quix", f"Quix {quix.version()}, {_quix_note(turns, budget)}"),
        result(FLOOR, "floor", fields),
    ]


def _feast_note(turns: Turns, budget: Budget) -> str:
    note = "Feast writes one row a visitor, product, visit and batch, as we do, and as many values"
    note += f"; with thirty of a visitor's it does {turns.feast('thirty'):,.0f} events/s"
    if budget.quick:
        return note
    note += f", with rows of visitors only {turns.feast('user'):,.0f}"
    return f"{note}, with one of them an event {turns.feast('event'):,.0f}"


def _quix_note(turns: Turns, budget: Budget) -> str:
    note = "tumbling buckets as ours, no output topic, no changelog"
    if budget.quick:
        return note
    return f"{note}; with hopping windows, ready to read, it does {turns.quix('hopping'):,.0f}"


def profile(settings: Settings, turns: Turns, lines: int = 15) -> None:
    """Print where our consumer's time goes, in microseconds an event (cProfile slows it down)."""
    file = settings.data / "features.prof"
    command = (str(HERE / "stream_profiled.py"), str(turns.events), str(file))
    with program(settings, *command, core=_core()) as child:
        finish(child, 3 * _TURN)
        if not file.exists():
            raise BenchmarkFailed(child.last_words())
    stats = pstats.Stats(str(file))
    calls = vars(stats)["stats"].items()
    rows = [(own, total, number, place) for place, (_, number, own, total, _) in calls]
    print(f"{'own us':>8} {'total us':>8} {'calls':>7}  per event, {turns.events:,} events")
    for own, total, number, (path, line, name) in sorted(rows, reverse=True)[:lines]:
        where = re.sub(r".*/(?:site-packages|lib/python[\d.]+)/", "", path)
        where = where.replace(f"{HERE.parent}/", "")
        per = [1e6 * own / turns.events, 1e6 * total / turns.events, number / turns.events]
        print(f"{per[0]:8.2f} {per[1]:8.2f} {per[2]:7.2f}  {where}:{line} {name}")


Profile = Annotated[
    bool, typer.Option("--profile", help="only print where our consumer's time goes")
]


def main(*, quick: Quick = False, as_json: AsJson = False, profiled: Profile = False) -> None:
    """Measure events a second a core, from broker to Redis."""
    with told_plainly():
        quix.python()
        budget = Budget(quick=quick)
        with servers(BROKERS, REDIS) as settings:
            turns = loaded(settings, FEW if quick else MANY)
            if profiled:
                profile(settings, turns)
                return
            results = measure(turns, budget)
    show(results, budget, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
