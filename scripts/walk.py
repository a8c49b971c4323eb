"""One visitor through all seven stops, on real servers: what `tests/test_walk.py` does in memory.

Starts Kafka, Redis and PostgreSQL with consumers and API in a directory that is gone afterwards.
"""

import asyncio
import base64
import json
import socket
import sys
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console

from attune.adapters.archive.reader import Archive
from attune.adapters.kafka.admin import lag
from attune.adapters.redis import RedisStore, open_wire
from attune.errors import AttuneError
from attune.settings import Api, Settings
from attune.stream import EVENTS, EXPOSURES
from cli.progress import Steps
from cli.running import WRITE_KEY, Running, everything
from cli.up import caught_up
from feature_repo.views import USER_FEATURES

VISIT = json.loads(Path(__file__).with_name("visit.json").read_text())

QUERY = """{
  user(anonymousId: "browser-1") {
    id segment
    profile { userId anonymousIds traits }
    features {
      activity { views1h carts1h purchases1h behaviorScore }
      session { sessionDepth sessions }
      purchases { frequency monetary }
      interest { lastCategories }
    }
    predictions { name value basis why }
    blocks(slots: ["hero"]) { decisionId slot key component why { rule summary } }
  }
}"""

console = Console()


def main() -> int:
    """Start, walk, stop."""
    with tempfile.TemporaryDirectory(prefix="attune-walk-", ignore_cleanup_errors=True) as data:
        settings = Settings(data=Path(data), api=Api(port=_free_port()))
        try:
            with everything(settings, "kafka", Steps(console)) as running:
                walk(running)
        except AttuneError as error:
            console.print(f"[red]{error}[/]")
            return 1
    return 0


def walk(running: Running) -> None:
    """Print each stop as the real servers show it."""
    settings = running.settings
    with httpx.Client(base_url=running.address, auth=(WRITE_KEY, "")) as client:
        say("1 collect", "a request becomes events, acknowledged by Kafka before it is answered")
        reply = client.post("/v1/batch", json={"batch": VISIT})
        show(f"POST /v1/batch -> {reply.status_code}", reply.json())

        say("2 stream", "what they did, paid for and are, in topics of their own, keyed by profile")
        started = time.perf_counter()
        asyncio.run(_settled(settings))
        show(
            f"taken in {time.perf_counter() - started:.2f} s later", asyncio.run(_topics(settings))
        )

        say("3 features", "state, not values, in Feast's encoding in Redis; evaluated when read")
        show("hash of user_id=ada", asyncio.run(_states(settings)))

        answer = client.post("/graphql", json={"query": QUERY}).json()["data"]["user"]
        show("features", answer["features"])

        say("4 profile", "the anonymous browser has become Ada, with all it did before")
        show(f"segment {answer['segment']}", answer["profile"])

        say(
            "5 predict",
            "no model in this walk: the prior answers and says so (make run trains one)",
        )
        show("predictions", answer["predictions"])

        say("6 decide", "the first rule of the slot that holds; the answer says why")
        show("blocks", answer["blocks"])

        say("7 measure", "the page says that it showed the block, twice; it counts once")
        hero = answer["blocks"][0]
        shown = {
            "event": "Content Shown",
            "userId": "ada",
            "properties": {"decision_id": hero["decisionId"], "slot": "hero", "block": hero["key"]},
        }
        for message in ("m-1", "m-2"):
            client.post("/v1/track", json={**shown, "messageId": message})
        asyncio.run(_measured(settings))
        query = {"query": "{ exposures { slot block shown } }"}
        show("exposures", client.post("/graphql", json=query).json()["data"]["exposures"])

        say("and", "the archive has it all, for training")
        show("archived", [e.name or e.type for e in Archive(settings.data / "archive").events()])


async def _settled(settings: Settings) -> None:
    await caught_up(settings, ("features", "profiles", "archive"))


async def _measured(settings: Settings) -> None:
    while await lag(settings.kafka, "measure", (EXPOSURES,)):  # noqa: ASYNC110 - Kafka does not tell
        await asyncio.sleep(0.1)


async def _topics(settings: Settings) -> dict[str, int]:
    """Messages per topic, as the lag of a group that never read."""
    return {topic: await lag(settings.kafka, "walk", (topic,)) for topic in EVENTS}


async def _states(settings: Settings) -> dict[str, str]:
    with open_wire(str(settings.redis)) as wire:
        row = (await RedisStore(wire, settings.project, USER_FEATURES).load(["ada"]))["ada"]
    return {view: base64.b64encode(state).decode() for view, state in row.states.items()}


def say(stop: str, what: str) -> None:
    """Print the heading of a stop."""
    console.print(f"\n[bold green]{stop}[/]  [dim]{what}[/]", highlight=False)


def show(what: str, value: object) -> None:
    """Print a value as JSON."""
    console.print(f"  {what}")
    for line in json.dumps(value, indent=2).splitlines():
        console.print(f"    {line}", markup=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
