"""`attune features`: what it lists, writes and refuses; none of it needs a server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checking import ROOT
from typer.testing import CliRunner

from attune.errors import ConfigurationError
from cli.features.adding import added
from cli.features.new import write
from cli.main import app

_TRIED = """
import asyncio
from making import shopped, taken
from attune.adapters.memory import MemoryStore
from api.schema import build_schema
from consumers.features.consumer import Features
from feature_repo.views import FEATURES
from answering import answering

async def main():
    stores = [MemoryStore() for _ in FEATURES]
    names = [features.entity.name for features in FEATURES]
    consumer = Features(*zip(stores, FEATURES))
    await consumer.take(taken(shopped("viewed"), shopped("viewed")))
    others = dict(zip(names[1:], stores[1:]))
    async with answering(stores[0], others=others) as client:
        query = '''{ user(id: "ada") { features { searches { searchesCount asOf } } }
                     item(id: "p1") { features { fans { fansCount } } } }'''
        print((await client.post("/graphql", json={"query": query})).text)

asyncio.run(main())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository, as somebody has it who adds a feature."""
    for name in ("attune", "api", "cli", "consumers", "feature_repo", "tests/support"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": f"{copy}{os.pathsep}{copy / 'tests' / 'support'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_feature_is_tested_streamed_and_queryable_as_it_was_written(copy: Path) -> None:
    told = run(copy, "-m", "cli", "features", "new", "searches")
    run(copy, "-m", "cli", "features", "new", "fans", "--entity", "item")

    assert "added it to USER_FEATURES in feature_repo/views.py" in told
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "tests/features")
    answer = json.loads(run(copy, "-c", _TRIED))["data"]
    assert answer["user"]["features"]["searches"] == {
        "searchesCount": 2,
        "asOf": "2026-11-02T12:00:00+00:00",
    }
    assert answer["item"]["features"]["fans"] == {"fansCount": 2}


@pytest.mark.parametrize("kind", ["count", "latest", "own"])
@pytest.mark.parametrize("entity", ["user", "item", "session"])
def test_what_is_written_is_formatted_and_passes_the_linter(
    copy: Path, kind: str, entity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.features.new.REPO", copy / "feature_repo")

    written = write("chats", entity, kind, add=True)

    files = [str(written.feature), str(written.test), str(copy / "feature_repo" / "views.py")]
    for command in (["check"], ["format", "--check"]):
        run(copy, "-m", "ruff", *command, "--no-cache", *files)


def test_what_is_to_be_added_by_hand_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.features.new.REPO", copy / "feature_repo")
    before = (copy / "feature_repo" / "views.py").read_text()

    written = write("chats", "user", "own", add=False)

    assert "  from feature_repo.chats import CHATS" in written.told
    assert "  CHATS," in written.told
    assert (copy / "feature_repo" / "views.py").read_text() == before


@pytest.mark.parametrize(
    ("name", "entity", "kind", "says"),
    [
        ("chats", "shop", "own", "unknown entity type; events are about user, item, session"),
        ("Chats", "user", "own", "no name for a view"),
        ("class", "user", "own", "no name for a view"),
        ("definitions", "user", "own", "no name for a view"),
        ("activity", "user", "own", "user_activity is there already"),
        ("views", "item", "own", "feature_repo/views.py is there already"),
        ("carts", "user", "count", "it would have a field carts_1h, which is taken"),
        ("items", "user", "latest", "it would have a field last_items, which is taken"),
    ],
)
def test_a_name_that_will_not_do_is_refused(name: str, entity: str, kind: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        write(name, entity, kind, add=True)


@pytest.mark.parametrize("name", ["searches", "chats", "demo", "default", "defiant", "views", "x"])
def test_feasts_own_command_line_does_not_see_a_new_file(name: str, tmp_path: Path) -> None:
    """It would load it twice: it sees `definitions.py`, which imports the rest by full names."""
    for file in (name, "definitions"):
        (tmp_path / f"{file}.py").touch()
    lines = (ROOT / "feature_repo" / ".feastignore").read_text().splitlines()

    ignored = {path.name for line in lines if line[0] != "#" for path in tmp_path.glob(line)}

    assert ignored == {f"{name}.py"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("USER_FEATURES = F((A,))", "USER_FEATURES = F((A, CHATS))"),
        ("USER_FEATURES = F([A, B('é')])", "USER_FEATURES = F([A, B('é'), CHATS])"),
        (
            "USER_FEATURES = F(\n  (\n    A,\n    B(\n    ),\n  )\n)",
            "USER_FEATURES = F(\n  (\n    A,\n    B(\n    ),\n    CHATS,\n  )\n)",
        ),
    ],
)
def test_a_view_is_added_behind_the_others(before: str, after: str) -> None:
    imports = "from attune.x import y\nfrom feature_repo.zoo import ZOO\n"

    assert added(imports + before, "chats", "user") == (
        "from attune.x import y\nfrom feature_repo.chats import CHATS\n"
        f"from feature_repo.zoo import ZOO\n{after}"
    )


@pytest.mark.parametrize("text", ["", "USER_FEATURES = make()", "USER_FEATURES = F(views)"])
def test_what_is_written_in_another_way_is_left_alone(text: str) -> None:
    with pytest.raises(ConfigurationError, match="add it by hand"):
        added(text, "chats", "user")


def test_the_list_has_every_view_for_people_and_for_programs() -> None:
    shown = CliRunner().invoke(app, ["features", "list"]).stdout
    listed = json.loads(CliRunner().invoke(app, ["features", "list", "--json"]).stdout)

    assert "session_visit, version 1" in shown
    demand = next(view for view in listed if view["view"] == "demand")
    assert (demand["entity"], demand["version"]) == ("item", 1)
    assert {"name": "views_1h", "type": "int64", "unit": "events"}.items() <= (
        demand["fields"][0].items()
    )
