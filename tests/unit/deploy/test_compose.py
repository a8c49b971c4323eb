"""The compose file and the Dockerfile are as they should be, and each check can fail."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from checking import ROOT, check, compose, data, dockerfile, images, pins, wheel

from attune.settings import Settings
from consumers.main import CONSUMERS

File = dict[str, Any]
TEXT = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = (ROOT / "deploy" / "env.example").read_text()
INSTRUCTIONS = (ROOT / "deploy" / "Dockerfile").read_text()
OURS = frozenset(setting.variable for setting in data.settings_of(Settings, "ATTUNE_"))

CHECKS: Mapping[str, Callable[[File], Iterable[str]]] = {
    "shape": compose.shape,
    "pinned": lambda file: compose.pinned(file, {"built": "0.1.0", "apache/kafka": "4.4.0"}),
    "settings": lambda file: compose.settings(file, OURS, check.THEIR_VARIABLES),
    "accepted": check.accepted,
    "dependencies": compose.dependencies,
    "addresses": compose.addresses,
    "health": compose.health,
    "ports": compose.ports,
    "volumes": compose.volumes,
    "commands": lambda file: compose.commands(file, check.known_commands()),
}


@pytest.fixture
def file() -> File:
    """The services of a file share parts by its anchors; a copy by hand has its own."""
    services = yaml.safe_load(TEXT)["services"]
    apart = {name: deepcopy(service) for name, service in services.items()}
    return {**yaml.safe_load(TEXT), "services": apart}


@pytest.mark.parametrize("name", CHECKS)
def test_the_file_has_no_problem(file: File, name: str) -> None:
    assert list(CHECKS[name](file)) == []


def put(path: str, value: object) -> Callable[[File], None]:
    """Return what sets one part of the services; None takes it out."""

    def change(file: File) -> None:
        *outer, last = path.split("/")
        inner = file["services"]
        for key in outer:
            inner = inner[key]
        inner[last] = value
        if value is None:
            del inner[last]

    return change


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("shape", put("api/port", ["8000"]), "api.port: not a key"),
        ("shape", put("api/healthcheck/every", "5s"), "api.healthcheck.every: not a key"),
        ("pinned", put("redis/image", "redis:latest"), "redis: image 'redis:latest' is not pinned"),
        ("pinned", put("redis/image", "redis"), "is not pinned"),
        ("pinned", put("kafka/image", "apache/kafka:4.1.0"), "the code says 4.4.0"),
        ("pinned", put("api/image", "attune-api:0.0.9"), "the code says 0.1.0"),
        ("settings", put("api/environment/ATTUNE_REDIS_URL", "x"), "ATTUNE_REDIS_URL is no"),
        ("settings", put("kafka/environment/KAFKA_NODEID", 1), "KAFKA_NODEID is no variable"),
        ("accepted", put("api/environment/ATTUNE_API__PORT", "http"), "api: ('api', 'port')"),
        ("accepted", put("features/environment/ATTUNE_REDIS", "redis"), "features: ('redis',)"),
        ("dependencies", put("api/depends_on/rediss", {}), "depends on rediss, which there is not"),
        ("dependencies", put("api/depends_on/redis", {}), "say which state it needs"),
        (
            "dependencies",
            put("api/depends_on/migrate", {"condition": "service_healthy"}),
            "waits for migrate to be service_healthy, which it never is",
        ),
        (
            "dependencies",
            put("api/depends_on/seed", {"condition": "service_completed_successfully"}),
            "starts only with a profile",
        ),
        (
            "dependencies",
            put("redis/depends_on", {"api": {"condition": "service_healthy"}}),
            "wait for each other",
        ),
        (
            "addresses",
            put("features/environment/ATTUNE_KAFKA__BROKERS", "broker:9092"),
            "names broker, which is no service",
        ),
        ("addresses", put("features/depends_on/redis", None), "uses redis and does not wait"),
        ("health", put("api/healthcheck", None), "api: needs a health check"),
        ("health", put("migrate/restart", "always"), "migrate: needs a health check"),
        ("health", put("api/deploy", None), "api: has no memory limit"),
        ("ports", put("api/ports", ["8000:8000"]), "open to the network"),
        ("ports", put("api/ports", ["0.0.0.0:8000:8000"]), "open to the network"),
        ("ports", put("api/ports", ["127.0.0.1:8000:8001"]), "nothing listens on 8001"),
        ("ports", put("api/ports", ["127.0.0.1:6379:8000"]), "6379 of this machine is taken twice"),
        ("volumes", put("redis/volumes", ["cache:/data"]), "cache is mounted and not declared"),
        ("volumes", put("redis/volumes", None), "redis is declared and not mounted"),
        ("commands", put("api/command", ["serve"]), "no command `attune serve`"),
        ("commands", put("measure", None), "no service runs `attune consume measure`"),
    ],
)
def test_each_check_can_fail(
    file: File, name: str, change: Callable[[File], None], problem: str
) -> None:
    change(file)
    assert any(problem in found for found in CHECKS[name](file)), list(CHECKS[name](file))


def test_every_consumer_is_a_service(file: File) -> None:
    assert CONSUMERS.keys() <= file["services"].keys()


def test_what_the_file_asks_for_is_in_the_example() -> None:
    assert list(compose.variables(TEXT, EXAMPLE)) == []
    assert any("asked for" in it for it in compose.variables(TEXT, ""))
    assert any("nothing asks" in it for it in compose.variables("", EXAMPLE))
    lenient = TEXT.replace("${POSTGRES_PASSWORD:?set it in .env, see deploy/env.example}", "${POSTGRES_PASSWORD:-x}")  # fmt: skip  # noqa: E501 - as written
    assert any("a secret needs" in it for it in compose.variables(lenient, EXAMPLE))


def test_every_anchor_is_used() -> None:
    assert list(compose.anchors(TEXT)) == []
    assert list(compose.anchors("a: &lost 1\nb: &used 2\nc: *used")) == [
        "anchor &lost is used nowhere"
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("3.12.13-slim-trixie", "slim", "nor pinned"),
        ("--from=wheel", "--from=wheels", "no such stage"),
        ("AS wheel", "AS wheels", "stage wheels is used nowhere"),
        ("ARG REQUIREMENTS\n", "", "${REQUIREMENTS} is not declared"),
        ("ARG REQUIREMENTS", "ARG SPARE\nARG REQUIREMENTS", "ARG SPARE is used nowhere"),
        ("COPY attune attune", "COPY atune attune", "there is no atune"),
        ("COPY attune attune", "COPY docs docs", ".dockerignore keeps it out"),
        ("COPY attune attune", "", "lets attune in, and nothing copies it"),
        ("USER attune\n", "", "runs as root"),
        ("USER attune", "USER root", "runs as root"),
    ],
)
def test_the_dockerfile_is_well_and_each_check_can_fail(old: str, new: str, problem: str) -> None:
    assert docker_problems(INSTRUCTIONS) == []

    broken = INSTRUCTIONS.replace(old, new)

    assert any(problem in found for found in docker_problems(broken)), docker_problems(broken)


def docker_problems(text: str) -> list[str]:
    parsed = dockerfile.parse(text)
    ignore = (ROOT / ".dockerignore").read_text()
    passed = {"REQUIREMENTS": frozenset(images.ROLES)}
    return [
        *dockerfile.stages(parsed),
        *dockerfile.arguments(parsed, frozenset(passed)),
        *dockerfile.paths(parsed, ROOT, ignore, passed),
        *dockerfile.user(parsed),
    ]


def test_a_missing_requirements_file_is_named() -> None:
    parsed = dockerfile.parse("COPY requirements/${NAME}.txt /r.txt")
    found = list(dockerfile.paths(parsed, ROOT, "!requirements", {"NAME": frozenset({"gpu"})}))
    assert found == ["COPY requirements/${NAME}.txt: there is no requirements/gpu.txt"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("--index-url https://packages.example/simple", "line 1 names a place"),
        ("numpy==2.0 \\\n    --hash=sha256:aa\nrich==14.0", "rich==14.0 has no hash"),
        ("numpy>=2 --hash=sha256:aa", "numpy>=2 is not pinned"),
        ("numpy @ file:///numpy.whl --hash=sha256:aa", "line 1 names a place"),
    ],
)
def test_a_requirement_without_a_pin_is_named(text: str, problem: str) -> None:
    assert any(problem in found for found in pins.requirements(text))


def test_a_registry_in_a_package_lock_is_named() -> None:
    (found,) = pins.package_lock('"resolved": "https://packages.example/a.tgz",')
    assert "https://packages.example/a.tgz" in found


@pytest.mark.parametrize("place", ["root", "work", "home/ada"])
def test_a_path_of_one_machine_is_named(place: str) -> None:
    assert list(pins.private_paths(f"fine\nin /{place}/main\n"))
    assert not list(pins.private_paths("/usr/lib/python and docs/work.md"))


def test_an_image_that_lacks_what_it_runs_is_named() -> None:
    found = list(images.startable("rich==14.0 \\\n", ("rich", "msgspec"), ROOT))
    assert found == ["msgspec cannot be imported: msgspec is not installed there"]


def test_what_a_wheel_lacks_or_holds_too_much_is_named() -> None:
    tracked = frozenset({"attune/ids.py", "attune/x.json", "tests/test_x.py"})
    names = ["attune/ids.py", "scripts/check.py", "attune_engine-0.1.0.dist-info/METADATA"]
    assert list(wheel.contents(names, frozenset({"attune"}), tracked)) == [
        "attune/x.json is missing",
        "scripts/check.py does not belong in it",
    ]


def test_a_failed_check_is_shown_with_its_problem_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [("one", list), ("two", lambda: ["it broke"])]
    monkeypatch.setattr(check, "checks", lambda: iter(found))

    assert check.main() == 1
    assert capsys.readouterr().out == "✓ one\n✗ two\n    it broke\n"


def test_an_outdated_page_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ROOT", tmp_path)
    assert list(check.current("page.md", "new", "data"))
    (tmp_path / "page.md").write_text("old")
    assert list(check.current("page.md", "new", "data"))
    (tmp_path / "page.md").write_text("new")
    assert not list(check.current("page.md", "new", "data"))
