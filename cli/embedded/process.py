"""A server as a child process that is watched while it starts and never outlives us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from threading import Event

from attune.errors import ConfigurationError
from cli.embedded import claim

_TETHER = Path(__file__).with_name("tether.py")
_POLL = 0.02  # seconds; the quickest server is ready after 50 ms
_LEFTOVER = 10.0  # seconds that a server of an earlier run may take to be gone
_LOG_KEPT = 5 * 1024 * 1024  # bytes, then a log starts anew at the next start
_REASON_LINES = 3
_PORT_TAKEN = "Address already in use"  # the words of all three

_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-spawner")
"""Forks every server: Linux sends the death signal when the *thread* that forked ends, and this
one ends with the program."""


class Abandoned(Exception):
    """The start was given up because something else failed; not an error of its own."""


@dataclass(frozen=True, slots=True)
class User:
    """Whom a server runs as, where it may not run as root."""

    uid: int
    gid: int
    name: str
    search: bool = False
    """Keeps the right to pass through directories that are closed to the user."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server, and how to end it."""

    argv: Sequence[str]
    stop_signal: Signals = signal.SIGTERM
    death_signal: Signals = signal.SIGKILL
    """What the kernel sends when we die without a word. Our servers survive their own death, so
    the surest; PostgreSQL's children need a word from their parent."""
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    user: User | None = None

    def tethered(self) -> list[str]:
        """Return the command that starts it bound to the life of this process."""
        user = self.user or User(-1, -1, "")
        manner = "search" if user.search else "plain"
        settings = (int(self.death_signal), os.getpid(), user.uid, user.gid, manner)
        return [sys.executable, "-I", "-S", str(_TETHER), *map(str, settings), *self.argv]

    def environment(self) -> dict[str, str]:
        """Return our environment with the launch's own variables."""
        return {**os.environ, **self.env}


def run(name: str, launch: Launch) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        ConfigurationError: it failed; with the last lines it printed.
    """
    done = subprocess.run(
        launch.tethered(),
        env=launch.environment(),
        cwd=launch.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us to handle
        check=False,
    )
    printed = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise ConfigurationError(f"{name} failed ({_ending(done.returncode)}): {reason(printed)}")
    return printed


class Child:
    """A running server. Its output goes to `logs/<name>.log` of the data directory.

    It holds `run/<name>.lock` as an open file, which its own children inherit: while any of them
    lives, a second server on the same data cannot be started.
    """

    def __init__(self, name: str, launch: Launch, data: Path) -> None:
        """Start the server; it is not ready yet.

        Raises:
            ConfigurationError: a server of an earlier run is still there.
        """
        self.name = name
        self._launch = launch
        slug = name.lower().replace(" ", "-")
        self.log = data / "logs" / f"{slug}.log"
        lock = data / "run" / f"{slug}.lock"
        for directory in (self.log.parent, lock.parent):
            directory.mkdir(parents=True, exist_ok=True)
        try:
            held = claim.acquire(lock, wait=_LEFTOVER)
        except claim.Held as other:
            raise ConfigurationError(
                f"{name} of an earlier run (process {other.pid}) still uses {data}: "
                f"end it (kill {other.pid}) and start again"
            ) from None
        try:
            self._process = _spawner.submit(self._spawn, held).result()
            claim.sign(held, self._process.pid)
        finally:
            os.close(held)

    def _spawn(self, held: int) -> subprocess.Popen[bytes]:
        fresh = not self.log.exists() or self.log.stat().st_size > _LOG_KEPT
        with self.log.open("wb" if fresh else "ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(
                self._launch.tethered(),
                env=self._launch.environment(),
                cwd=self._launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(held,),
                start_new_session=True,  # Ctrl-C is for us to handle
            )

    @property
    def pid(self) -> int:
        """Of the server itself: the tether has become it."""
        return self._process.pid

    def ended(self) -> bool:
        """Tell whether it is gone, for whatever reason."""
        return self._process.poll() is not None

    def output(self) -> str:
        """Return what it has written to its log since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def last_words(self) -> str:
        """Return one line that says how it ended and why, as far as its log tells."""
        ending, why = _ending(self._process.poll()), reason(self.output())
        # Somebody took it between our look and the server's; the next look will see that.
        remedy = "; start again and it gets another port" if _PORT_TAKEN in why else ""
        return f"{self.name} ended ({ending}): {why}{remedy} (more in {self.log})"

    def wait_until(self, ready: Callable[[], bool], timeout: float, abandoned: Event) -> None:
        """Return as soon as `ready` says so; `timeout` is in seconds.

        Raises:
            ConfigurationError: it ended, or did not get ready in time.
            Abandoned: the event was set.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if self.ended():
                raise ConfigurationError(self.last_words())
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"{self.name} was not ready after {timeout:.0f} s; its log is {self.log}"
                )
            if abandoned.wait(_POLL):
                raise Abandoned

    def stop(self, timeout: float = 15.0) -> None:
        """End it in its own way, and by force after `timeout` seconds."""
        if not self.ended():
            self._process.send_signal(self._launch.stop_signal)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would; returns when it is gone."""
        self._process.kill()
        self._process.wait()


def _ending(code: int | None) -> str:
    if code is None:
        return "still running"
    return f"exit code {code}" if code >= 0 else f"signal {Signals(-code).name}"


def reason(output: str) -> str:
    """Return the last lines that say something, as one; a Java stack trace does not."""
    lines = [line.strip() for line in output.splitlines() if line[:1].strip()]
    return " | ".join(lines[-_REASON_LINES:]) or "it said nothing"
