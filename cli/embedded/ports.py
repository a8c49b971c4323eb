"""Where the servers listen: where they did last time, else at the well-known port, else anywhere.

Remembered in `ports.json` of the data directory, so several checkouts run at once and each keeps
its addresses from start to start.
"""

import json
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

LOOPBACK = "127.0.0.1"

KAFKA, KAFKA_CONTROLLER, REDIS, POSTGRES = "kafka", "kafka controller", "redis", "postgres"

WELL_KNOWN: Mapping[str, int] = MappingProxyType({KAFKA: 9092, REDIS: 6379, POSTGRES: 5432})

_LOWEST, _HIGHEST = 20_000, 32_767
"""Below the range from which the kernel takes ports for clients (Linux 32768, macOS 49152), so
that a port is still ours when a server comes back to it."""


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((LOOPBACK, port))
            probe.listen()
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Tell whether a server listens there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def choose(
    names: Iterable[str],
    remembered: Mapping[str, int],
    preferred: Mapping[str, int],
    free: Callable[[int], bool] = is_free,
) -> dict[str, int]:
    """Return a port for each name, no two alike."""
    chosen: dict[str, int] = {}
    for name in names:
        wanted = (remembered.get(name), preferred.get(name))
        known = (port for port in wanted if port and port not in chosen.values() and free(port))
        chosen[name] = next(known, 0) or _any_but(chosen.values(), free)
    return chosen


def _any_but(taken: Iterable[int], free: Callable[[int], bool]) -> int:
    while True:
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST + 1)
        if port not in taken and free(port):
            return port


def recall(path: Path) -> dict[str, int]:
    """Return what `remember` wrote, nothing where there is none or it is damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): port for name, port in found.items() if isinstance(port, int)}


def remember(path: Path, ports: Mapping[str, int]) -> None:
    """Write the ports for the next start."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(dict(ports), indent=1))
    new.replace(path)
