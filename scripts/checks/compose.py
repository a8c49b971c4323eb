"""The compose file without Docker: its shape, and that each part of it is there and used.

Each check takes the parsed file, so that a test can hand it a broken one.
"""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

Compose = Mapping[str, Any]
Service = Mapping[str, Any]

_SERVICE_KEYS = frozenset(
    {
        "build",
        "cap_drop",
        "command",
        "depends_on",
        "deploy",
        "environment",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "logging",
        "ports",
        "profiles",
        "restart",
        "security_opt",
        "shm_size",
        "stop_grace_period",
        "volumes",
    }
)
_INNER_KEYS = {
    "build": frozenset({"context", "dockerfile", "args"}),
    "healthcheck": frozenset({"test", "interval", "timeout", "retries", "start_period"}),
}
_TOP_KEYS = frozenset({"name", "services", "volumes"})
_CONDITIONS = frozenset({"service_healthy", "service_completed_successfully"})
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
_SECRET = re.compile(r"PASSWORD|KEYS|SECRET|TOKEN")


def shape(compose: Compose) -> Iterator[str]:
    """Every key is one that we know: a misspelt one would be ignored, or refused by Docker."""
    for key in compose.keys() - _TOP_KEYS:
        if not key.startswith("x-"):
            yield f"{key}: not a key of a compose file that we use"
    for name, service in compose["services"].items():
        for key in service.keys() - _SERVICE_KEYS:
            yield f"{name}.{key}: not a key of a service that we use"
        for outer, known in _INNER_KEYS.items():
            for key in service.get(outer, {}).keys() - known:
                yield f"{name}.{outer}.{key}: not a key of {outer} that we use"


def pinned(compose: Compose, versions: Mapping[str, str]) -> Iterator[str]:
    """Images have full versions. `versions` says which, for images that follow our own code."""
    for name, service in compose["services"].items():
        image, _, tag = service.get("image", "").partition(":")
        if not re.search(r"\d+\.\d+", tag):
            yield f"{name}: image {service.get('image')!r} is not pinned to a version"
        wanted = versions.get("built" if "build" in service else image)
        if wanted and tag != wanted:
            yield f"{name}: image {image} has tag {tag}, the code says {wanted}"


def settings(
    compose: Compose, ours: frozenset[str], theirs: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """Each variable that a container gets means something to the program in it.

    `ours` are the variables of our settings, `theirs` those that each foreign image knows.
    """
    for name, service in compose["services"].items():
        image = service["image"].partition(":")[0]
        known = ours if "build" in service else theirs.get(image, frozenset())
        for variable in service.get("environment", {}).keys() - known:
            yield f"{name}: {variable} is no variable that {image} reads"


def dependencies(compose: Compose) -> Iterator[str]:
    """Services wait for services that exist, that can reach the state waited for, in no circle."""
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            condition = how.get("condition")
            if other not in services:
                yield f"{name} depends on {other}, which there is not"
            elif condition not in _CONDITIONS:
                yield f"{name} waits for {other} to be {condition!r}: say which state it needs"
            elif (condition == "service_healthy") == _ends(services[other]):
                yield f"{name} waits for {other} to be {condition}, which it never is"
            elif services[other].get("profiles") and not service.get("profiles"):
                yield f"{name} depends on {other}, which starts only with a profile"
    try:
        TopologicalSorter({n: s.get("depends_on", {}) for n, s in services.items()}).prepare()
    except CycleError as error:
        yield f"services wait for each other: {' -> '.join(error.args[1])}"


def health(compose: Compose) -> Iterator[str]:
    """A service that stays says how it is, and comes back; one that ends does neither."""
    for name, service in compose["services"].items():
        if _ends(service) == ("healthcheck" in service):
            yield f'{name}: needs a health check, or restart: "no" if it is done when it ends'
        if "restart" not in service:
            yield f"{name}: does not say whether it is restarted"
        if "memory" not in service.get("deploy", {}).get("resources", {}).get("limits", {}):
            yield f"{name}: has no memory limit"


def ports(compose: Compose) -> Iterator[str]:
    """Ports are published to this machine only, each once, and lead to where somebody listens."""
    taken: set[str] = set()
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            host, published, target = ["", "", *interpolated(port).split(":")][-3:]
            if host != "127.0.0.1":
                yield f"{name}: port {port} is open to the network; write 127.0.0.1: before it"
            if published in taken:
                yield f"{name}: port {published} of this machine is taken twice"
            taken.add(published)
            if target not in _listens(service):
                yield f"{name}: nothing listens on {target}"


_WELL_KNOWN = {"redis": {"6379"}, "pgvector/pgvector": {"5432"}}


def _listens(service: Service) -> set[str]:
    environment = service.get("environment", {})
    listeners = re.findall(r":(\d+)", environment.get("KAFKA_LISTENERS", ""))
    known = _WELL_KNOWN.get(service["image"].partition(":")[0], set())
    return {*listeners, *known, str(environment.get("ATTUNE_API__PORT", ""))}


def volumes(compose: Compose) -> Iterator[str]:
    """Each named volume is declared, and mounted somewhere."""
    declared = set(compose.get("volumes", {}))
    mounted = {
        mount.partition(":")[0]
        for service in compose["services"].values()
        for mount in service.get("volumes", ())
    }
    for volume in mounted - declared:
        yield f"volume {volume} is mounted and not declared"
    for volume in declared - mounted:
        yield f"volume {volume} is declared and not mounted"


def commands(compose: Compose, known: frozenset[tuple[str, ...]]) -> Iterator[str]:
    """Our images run commands that exist, and every command that must run always does.

    `known` holds each command in words, and `consume NAME` for every consumer there is.
    """
    ours = {n: s for n, s in compose["services"].items() if "build" in s}
    running = {name: tuple(service.get("command", ())) for name, service in ours.items()}
    for name, command in running.items():
        if command not in known:
            yield f"{name}: there is no command `attune {' '.join(command)}`"
    for command in known:
        if command[0] == "consume" and command not in running.values():
            yield f"no service runs `attune {' '.join(command)}`"


def addresses(compose: Compose) -> Iterator[str]:
    """A server that a service is told of is a service, and is there before it."""
    services = compose["services"]
    for name, service in services.items():
        before = _before(services, name)
        for variable, value in service.get("environment", {}).items():
            if variable not in ("ATTUNE_KAFKA__BROKERS", "ATTUNE_REDIS", "ATTUNE_POSTGRES"):
                continue
            host = interpolated(value).rpartition("@")[2].partition(":")[0]
            if host not in services:
                yield f"{name}: {variable} names {host}, which is no service"
            elif host not in before:
                yield f"{name}: uses {host} and does not wait for it"


def _before(services: Mapping[str, Service], name: str) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for other in services[ahead.pop()].get("depends_on", {}):
            if other in services and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def variables(text: str, example: str) -> Iterator[str]:
    """What the file asks of its environment is in the example, and secrets have no default."""
    told = set(re.findall(r"^#?\s*([A-Z_]+)=", example, re.MULTILINE))
    asked = {match["name"] for match in _VARIABLE.finditer(text)}
    handed_on = set(re.findall(r"^\s+([A-Z_]+):$", text, re.MULTILINE))
    for name in asked - told:
        yield f"{name} is asked for and not in deploy/env.example"
    for name in told - asked - handed_on:
        yield f"{name} is in deploy/env.example and nothing asks for it"
    for match in _VARIABLE.finditer(text):
        if _SECRET.search(match["name"]) and match["kind"] != "?":
            yield f"{match[0]}: a secret needs `:?` and a message, not a default"


def anchors(text: str) -> Iterator[str]:
    """Every anchor is used."""
    bare = re.sub(r"#.*", "", text)
    for name in re.findall(r"&(\w+)", bare):
        if not re.search(rf"\*{name}\b", bare):
            yield f"anchor &{name} is used nowhere"


def interpolated(value: str, given: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the value with variables filled in: as given, or the default, or else a word."""

    def fill(found: re.Match[str]) -> str:
        default = found["rest"] if found["kind"] == "-" else "word"
        return given.get(found["name"], default)

    return _VARIABLE.sub(fill, value)


def _ends(service: Service) -> bool:
    return bool(service.get("restart") == "no")
