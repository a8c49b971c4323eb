"""`make check` beyond the code: generated files, pins, compose file, images, wheel.

Prints one line a check, and under a failed one what is wrong. Exit code 1 if any failed.
"""

import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import classes
import data
import typer
import yaml
from checks import compose, dockerfile, images, pins, wheel
from pydantic import ValidationError

from api.schema import build_schema
from attune.settings import Settings
from cli.embedded.jars import KAFKA_VERSION
from cli.embedded.kafka import render
from cli.main import app
from consumers.main import CONSUMERS
from feature_repo.views import FEATURES

ROOT = Path(__file__).resolve().parent.parent

Check = Callable[[], Iterable[str]]

THEIR_VARIABLES = {
    "pgvector/pgvector": frozenset({"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}),
    "redis": frozenset({"REDISCLI_AUTH"}),
    # The image turns KAFKA_NODE_ID into node.id: what we set for the embedded broker, and these.
    "apache/kafka": frozenset({"CLUSTER_ID", "KAFKA_HEAP_OPTS"})
    | {
        f"KAFKA_{name.upper().replace('.', '_')}"
        for name in (
            *(line.partition("=")[0] for line in render(Path(), 0, 0).splitlines()),
            "controller.quorum.voters",
            "listener.security.protocol.map",
        )
    },
}
_SAMPLES = {"ATTUNE_COLLECT__WRITE_KEYS": '{"wk": "web"}'}
"""What stands for a value that the installation gives; any other is a word."""


def checks() -> Iterator[tuple[str, Check]]:
    """Yield every check with its title."""
    yield from _generated()
    yield from _pins()
    yield from _compose()
    yield from _dockerfile()
    for name, modules in images.ROLES.items():
        text = _read(f"requirements/{name}.txt")
        yield (
            f"the {name} image installs what it runs",
            partial(images.startable, text, modules, ROOT),
        )
    yield "the wheel holds its packages and nothing else, and runs", whole_wheel


def _generated() -> Iterator[tuple[str, Check]]:
    schema = f"{build_schema(FEATURES).as_str()}\n"
    yield "schema.graphql is current", partial(current, "schema.graphql", schema, "schema")
    yield "docs/data.md is current", partial(current, "docs/data.md", f"{data.page()}\n", "data")
    features = "docs/features.md"
    yield (
        f"{features} is current",
        partial(current, features, classes.written(_read(features)), "data"),
    )


def current(path: str, wanted: str, target: str) -> Iterator[str]:
    """A generated file is what its target would write now."""
    if not (ROOT / path).exists() or _read(path) != wanted:
        yield f"run `make {target}` and look at what changed"


def _pins() -> Iterator[tuple[str, Check]]:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        yield f"{_name(path)} is pinned by hash", partial(pins.requirements, path.read_text())
    for path in sorted(ROOT.glob("[!.]*/*/package-lock.json")):
        yield f"{_name(path)} names no registry", partial(pins.package_lock, path.read_text())
    yield "no file names a path of one machine", private_paths


def private_paths() -> Iterator[str]:
    """Look through every file of the project."""
    for path in pins.tracked(ROOT):
        for problem in pins.private_paths(pins.text_of(path)):
            yield f"{_name(path)}: {problem}"


def _compose() -> Iterator[tuple[str, Check]]:
    text = _read("docker-compose.yml")
    file = yaml.safe_load(text)
    versions = {"apache/kafka": KAFKA_VERSION, "built": _project()["version"]}
    ours = frozenset(it.variable for it in data.settings_of(Settings, "ATTUNE_"))
    example = _read("deploy/env.example")
    yield "compose: keys", partial(compose.shape, file)
    yield "compose: images are pinned", partial(compose.pinned, file, versions)
    yield "compose: variables exist", partial(compose.settings, file, ours, THEIR_VARIABLES)
    yield "compose: variables are accepted", partial(accepted, file)
    yield "compose: order of start", partial(compose.dependencies, file)
    yield "compose: addresses", partial(compose.addresses, file)
    yield "compose: health, restart, memory", partial(compose.health, file)
    yield "compose: ports", partial(compose.ports, file)
    yield "compose: volumes", partial(compose.volumes, file)
    yield "compose: commands", partial(compose.commands, file, known_commands())
    yield "compose: env.example", partial(compose.variables, text, example)
    yield "compose: anchors", partial(compose.anchors, text)


def accepted(file: compose.Compose) -> Iterator[str]:
    """Our settings can be made of what each container gets."""
    for name, service in file["services"].items():
        given = {
            variable: compose.interpolated(str(value), _SAMPLES)
            for variable, value in service.get("environment", {}).items()
            if value is not None
        }
        with patch.dict(os.environ, given, clear=True):
            try:
                Settings(_env_file=None)
            except ValidationError as error:
                yield f"{name}: {error.errors()[0]['loc']} {error.errors()[0]['msg']}"


def known_commands() -> frozenset[tuple[str, ...]]:
    """Return each command of `attune` in words, `consume` with each consumer there is."""
    found: set[tuple[str, ...]] = {("consume", name) for name in CONSUMERS}
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        parts = vars(command).get("commands")
        found |= {(name, part) for part in parts} if parts else {(name,)}
    return frozenset(found - {("consume",)})


def _dockerfile() -> Iterator[tuple[str, Check]]:
    instructions = dockerfile.parse(_read("deploy/Dockerfile"))
    passed = _build_arguments(yaml.safe_load(_read("docker-compose.yml")))
    ignore = _read(".dockerignore")
    yield "Dockerfile: stages", partial(dockerfile.stages, instructions)
    yield "Dockerfile: arguments", partial(dockerfile.arguments, instructions, frozenset(passed))
    yield "Dockerfile: paths", partial(dockerfile.paths, instructions, ROOT, ignore, passed)
    yield "Dockerfile: user", partial(dockerfile.user, instructions)


def _build_arguments(file: compose.Compose) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for service in file["services"].values():
        for name, value in service.get("build", {}).get("args", {}).items():
            found.setdefault(name, set()).add(value)
    return {name: frozenset(values) for name, values in found.items()}


def whole_wheel() -> Iterator[str]:
    """Build it and look."""
    tracked = frozenset(_name(path) for path in pins.tracked(ROOT))
    with TemporaryDirectory() as folder:
        into = Path(folder)
        try:
            built = wheel.build(ROOT, into)
        except ChildProcessError as error:
            yield str(error)
            return
        yield from wheel.contents(wheel.names_in(built), packages(), tracked)
        yield from wheel.helps(built, ROOT, into)


def packages() -> frozenset[str]:
    """Return the packages that the wheel is to hold."""
    return frozenset(_pyproject()["tool"]["uv"]["build-backend"]["module-name"])


def _project() -> dict[str, Any]:
    found: dict[str, Any] = _pyproject()["project"]
    return found


@cache
def _pyproject() -> dict[str, Any]:
    return tomllib.loads(_read("pyproject.toml"))


def _read(path: str) -> str:
    return (ROOT / path).read_text()


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def main() -> int:
    """Run every check; return how many failed, at most 1."""
    failed = False
    for title, check in checks():
        problems = list(check())
        failed |= bool(problems)
        print(f"{'✗' if problems else '✓'} {title}", flush=True)
        for problem in problems:
            print(f"    {problem}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
