"""What the README shows is what happens."""

import json
import re
import shlex
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from test_walk import NOW, VISIT, ask
from typer.testing import CliRunner

from attune.adapters.memory import MemoryLog, MemoryStore
from attune.adapters.memory_content import MemoryMeasures
from attune.collect.segment import Arrival, parse_batch
from attune.stream import EVENTS
from cli.main import app
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


async def test_the_query_gives_the_answer() -> None:
    log, profiles = MemoryLog(), MemoryStore()
    ids = (f"id-{number}" for number in count())
    arrival = Arrival("shop", NOW - timedelta(minutes=10), ids.__next__)
    await log.append(parse_batch(json.dumps({"batch": VISIT}).encode(), arrival, 32_768).events)
    await Features((profiles, USER_FEATURES)).take(log.read(*EVENTS))

    answer = await ask(profiles, MemoryMeasures(), ids.__next__, blocks("graphql")[0])

    assert answer == json.loads(blocks("json")[0])


def test_the_rules_are_those_of_the_demo_shop() -> None:
    shown = json.loads(f"[{blocks('json')[1]}]")
    seed = json.loads((ROOT / "cli" / "seed" / "demo.json").read_text())

    assert shown == [
        {name: rule[name] for name in ("slot", "position", "when", "block")}
        for rule in seed["rules"]
        if rule["slot"] == "hero"
    ]


def commands(program: str) -> list[list[str]]:
    lines = "\n".join(blocks("sh")).replace("&&", "\n").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if line.count("'") % 2 == 0]
    return [line[1:] for line in words if line[:1] == [program]]


@pytest.mark.parametrize("arguments", commands("attune"), ids=" ".join)
def test_every_command_and_option_exists(arguments: list[str]) -> None:
    at = next((i for i, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names = arguments[: 2 if arguments[0] == "features" else 1]

    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})

    assert shown.exit_code == 0
    for option in arguments[at:]:
        if option.startswith("--"):
            assert option in shown.output


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make (\w+)`", README)) | {words[0] for words in commands("make")}

    assert {"run", "test", "walk", "clean"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
