"""A full answer over HTTP: `answer.stock`, `answer.feast`, `answer.floor`, `answer.arbitrary`.

Profile, thirty features of three views, two ONNX predictions and three blocks with their rules and
a list of ten products, for a visitor of fifty events. Contenders take turns as servers with one
worker on a core of its own; Redis, PostgreSQL and the load, a closed loop of so many connections,
have the other. `trusted` asks by the id of a persisted document, `arbitrary` sends one of fifty
texts, none of them in the manifest. All answer the same, which is checked first.
"""

import asyncio
import json
import os
import random
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec
import psutil
import typer
import uvloop
from answer_models import publish_models
from answer_question import MODELS, QUERY
from closed_loop import Load, load, post
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
from read import KIND, fill
from read_feast import Feast
from servers import HERE, cores, program, servers
from traffic import now

from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.migrate import migrate
from attune.adapters.reader import ServiceReader
from attune.adapters.redis import open_wire
from attune.collect.event import millis
from attune.compiled import build
from attune.settings import Settings
from cli.embedded.process import Child
from cli.embedded.stack import POSTGRES, REDIS
from cli.seed.load import DEMO, read_seed
from feature_repo.services import SHOP_PAGE

STOCK = Claim("answer.stock", "requests/s", "the same schema on stock Strawberry", goal=15)
FLOOR = Claim("answer.floor", "requests/s", "the same in JSON written by hand, no GraphQL", 0.75)
ARBITRARY = Claim("answer.arbitrary", "requests/s", FLOOR.peer_name, goal=0.5)
FEAST = Claim("answer.feast", "requests/s", "Feast's feature server, thirty features only", goal=5)

USERS = 300
TEXTS = 50
AT_ONCE = 32
CONNECTIONS = (1, 32, 128)
LONG, SHORT = 4.0, 1.5
"""Seconds of a turn, and with `--quick`."""
_START = 60.0  # seconds that a server may take
_PRODUCTS = 10


@dataclass(slots=True)
class Contender:
    """A server, and what it is asked."""

    name: str
    port: int
    requests: list[bytes]
    child: Child
    loads: dict[int, list[Load]] = field(default_factory=dict)
    cpu: list[float] = field(default_factory=list)
    """Microseconds of CPU a request, a turn."""

    def turn(self, connections: int, seconds: float) -> float:
        """Ask for some seconds; return requests a second."""
        before = self._cpu()
        done = uvloop.run(load(self.port, self.requests, connections, seconds))
        self.loads.setdefault(connections, []).append(done)
        if connections == AT_ONCE:
            self.cpu.append(1e6 * (self._cpu() - before) / (done.rate * seconds))
        return done.rate

    def _cpu(self) -> float:
        used = psutil.Process(self.child.pid).cpu_times()
        return used.user + used.system

    def at(self, connections: int) -> str:
        """Say what was seen with so many connections."""
        seen = self.loads[connections]
        p50, p99 = (median(one.percentile(share) for one in seen) for share in (0.5, 0.99))
        rate = median(one.rate for one in seen)
        return f"{rate:,.0f}/s p50 {p50:.1f} p99 {p99:.1f} ms"


class Sides:
    """All contenders, running."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self._settings = settings
        self._folder = folder
        self._stack = stack
        self.by_name: dict[str, Contender] = {}

    def start(self, names: Sequence[str]) -> None:
        """Start every server, and see that those that can answer the same do."""
        variables = [{"id": name} for name in names]
        texts = [f"# {number}\n{QUERY}" for number in range(TEXTS)]
        asked = {
            "arbitrary": [
                {"query": texts[place % TEXTS], "variables": each}
                for place, each in enumerate(variables)
            ],
            "trusted": [
                {"documentId": f"sha256:{_hash(QUERY)}", "variables": each} for each in variables
            ],
            "floor": [{"variables": each} for each in variables],
            "stock": [{"query": QUERY, "variables": each} for each in variables],
            "feast": [
                {"feature_service": "thirty", "entities": {"user_id": [each]}} for each in names
            ],
        }
        manifest = self._folder / "documents.json"
        manifest.write_text(json.dumps({_hash(QUERY): QUERY}))
        ours = self._serve("ours", "-m", "cli", "api", manifest=manifest)
        for name, bodies in asked.items():
            if name in ("arbitrary", "trusted"):
                port, child = ours
            elif name == "feast":
                port, child = self._serve(name, _SERVE, name, "PORT", str(self._folder))
            else:
                port, child = self._serve(name, _SERVE, name, "PORT")
            path = "/get-online-features" if name == "feast" else "/graphql"
            requests = [post(path, msgspec.json.encode(body)) for body in bodies]
            self.by_name[name] = Contender(name, port, requests, child)
        self._check([name for name in asked if name != "feast"], asked)

    def _serve(self, name: str, *command: str, manifest: Path | None = None) -> tuple[int, Child]:
        port = _free_port()
        api = self._settings.api.model_copy(update={"port": port})
        settings = self._settings.model_copy(update={"api": api})
        arguments = [str(port) if part == "PORT" else part for part in command]
        with _environment(ATTUNE_API__MANIFESTS=str(manifest) if manifest else ""):
            child = self._stack.enter_context(program(settings, *arguments, core=cores().measured))
        say(f"starting {name}")
        _wait_until_open(port, child)
        return port, child

    def _check(self, names: Sequence[str], asked: dict[str, list[dict[str, Any]]]) -> None:
        """See that everybody answers the same, but for the ids of decisions.

        Raises:
            BenchmarkFailed: somebody does not.
        """
        for place in range(0, USERS, 50):
            answers = {name: _plain(self.by_name[name].port, asked[name][place]) for name in names}
            for name, answer in answers.items():
                if answer != answers["floor"]:
                    raise BenchmarkFailed(f"{name} answers {answer}, not {answers['floor']}")


_SERVE = str(HERE / "answer_serve.py")


def _plain(port: int, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=body, timeout=20).json()
    if answer.get("data") is None or answer.get("errors"):
        raise BenchmarkFailed(f"no answer: {answer}")
    for block in answer["data"]["user"]["blocks"]:
        block.pop("decisionId")
    purchases = answer["data"]["user"]["features"]["purchases"]
    purchases["recencyDays"] = purchases["recencyDays"] and round(purchases["recencyDays"], 2)
    activity = answer["data"]["user"]["features"]["activity"]
    activity["behaviorScore"] = round(activity["behaviorScore"] or 0, 2)  # it falls all the time
    for prediction in answer["data"]["user"]["predictions"]:
        prediction["value"] = round(prediction["value"], 3)
    for block in answer["data"]["user"]["blocks"]:
        block["why"] = None  # values of the moment stand in it
    return answer


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    for name, value in variables.items():
        if value:
            os.environ[name] = value
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _wait_until_open(port: int, child: Child) -> None:
    until = time.monotonic() + _START
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5)
        except httpx.TransportError:
            if child.ended() or time.monotonic() > until:
                raise BenchmarkFailed(child.last_words()) from None
            time.sleep(0.05)
        else:
            return


async def prepare(settings: Settings, folder: Path) -> list[str]:
    """Fill the stores and return the visitors."""
    names = [f"user-{number:06d}" for number in range(USERS)]
    say(f"{USERS} visitors of {KIND.events} events")
    await fill(settings, names)
    content = read_seed(DEMO)
    longer = [
        msgspec.structs.replace(block, content={**block.content, "products": _ten(block.content)})
        if "products" in block.content
        else block
        for block in content.blocks
    ]
    async with open_database(settings) as database:
        await PostgresContent(database, settings).replace(
            msgspec.structs.replace(content, blocks=tuple(longer)), actor="benchmark"
        )
    await publish_models(settings, MODELS)
    with open_wire(str(settings.redis)) as wire:
        found = await ServiceReader(wire, settings.project, SHOP_PAGE).read(names, millis(now()))
    say("writing the values with Feast")
    rows = {name: one.values for name, one in zip(names, found, strict=True)}
    Feast(settings, folder, SHOP_PAGE, rows)
    random.Random(1).shuffle(names)  # noqa: S311 - a load
    return names


def _ten(content: dict[str, Any]) -> list[str]:
    products = content["products"]
    return (products * _PRODUCTS)[:_PRODUCTS]


def measure(sides: Sides, budget: Budget) -> list[Result]:
    """Run the rounds and make the results of them."""
    seconds = SHORT if budget.quick else LONG
    for contender in sides.by_name.values():
        contender.turn(AT_ONCE, 2.0)  # types are completed, plans made, connections opened
        contender.loads.clear()
        contender.cpu.clear()
    found: dict[str, list[float]] = {name: [] for name in sides.by_name}
    for number in budget.rounds(5):
        names = list(sides.by_name)
        first = number % len(names)
        for name in names[first:] + names[:first]:
            contender = sides.by_name[name]
            for connections in CONNECTIONS if not number else (AT_ONCE,):
                rate = contender.turn(connections, seconds)
                if connections == AT_ONCE:
                    found[name].append(rate)
            say(f"round {number + 1}  {name:<10} {contender.at(AT_ONCE)}")
    trusted = found["trusted"]

    def note(*names: str) -> str:
        return "; ".join(_told(sides.by_name[name]) for name in names)

    return [
        compare(STOCK, trusted, found["stock"], f"{build()}; {note('trusted', 'stock')}"),
        compare(FLOOR, trusted, found["floor"], note("floor")),
        compare(ARBITRARY, found["arbitrary"], found["floor"], note("arbitrary")),
        compare(FEAST, trusted, found["feast"], note("feast")),
    ]


def _told(contender: Contender) -> str:
    by_connections = ", ".join(f"{n} conn. {contender.at(n)}" for n in CONNECTIONS)
    return f"{contender.name} {median(contender.cpu):,.0f} us of CPU, {by_connections}"


def main(*, quick: Quick = False, as_json: AsJson = False) -> None:
    """Measure full answers over HTTP."""
    with told_plainly():
        budget = Budget(quick=quick)
        with (
            servers(REDIS, POSTGRES) as settings,
            tempfile.TemporaryDirectory() as directory,
            ExitStack() as stack,
        ):
            migrate(settings)
            folder = Path(directory)
            names = asyncio.run(prepare(settings, folder))
            sides = Sides(settings, folder, stack)
            sides.start(names)
            results = measure(sides, budget)
    show(results, budget, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
