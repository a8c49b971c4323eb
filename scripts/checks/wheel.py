"""The wheel: it builds, holds everything that is in git and nothing else, and runs by itself."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZipFile

_HELP = """
import runpy, sys
target, root = sys.argv[1:]
sys.path[:] = [target, *(path for path in sys.path if path != root)]
sys.argv = ["attune", "--help"]
runpy.run_path(f"{target}/bin/attune", run_name="__main__")
"""
"""Runs the command of a wheel with the libraries of this environment, but without our sources,
which the environment finds by its editable installation."""


def build(root: Path, into: Path) -> Path:
    """Return the wheel of the project, built into a folder.

    Raises:
        ChildProcessError: it does not build; with uv's last line.
    """
    _run("uv", "build", "--wheel", "--quiet", "--out-dir", into, root)
    (wheel,) = into.glob("*.whl")
    return wheel


def contents(
    names: Iterable[str], packages: frozenset[str], tracked: frozenset[str]
) -> Iterator[str]:
    """The files of a wheel are those of its packages. `tracked` are all of the project's."""
    held = frozenset(name for name in names if not name.endswith("/"))
    wanted = {path for path in tracked if path.split("/")[0] in packages}
    for path in sorted(wanted - held):
        yield f"{path} is missing"
    for name in sorted(held - wanted):
        if not re.match(r"attune_engine-[^/]+\.dist-info/", name):
            yield f"{name} does not belong in it"


def names_in(wheel: Path) -> list[str]:
    """Return the paths in a wheel."""
    with ZipFile(wheel) as archive:
        return archive.namelist()


def helps(wheel: Path, root: Path, into: Path) -> Iterator[str]:
    """`attune --help` runs from the wheel, unpacked into a folder, far from the sources."""
    target = into / "installed"
    try:
        python = sys.executable
        _run("uv", "pip", "install", "--quiet", "--no-deps", "--offline", "--python", python,
             "--target", target, wheel)  # fmt: skip
        told = _run("python", "-P", "-c", _HELP, target, root, cwd=into)
    except ChildProcessError as error:
        yield str(error)
    else:
        if "Usage: attune" not in told:
            yield f"attune --help says {told[:80]!r}"


def _run(program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
    command = [Path(sys.executable).with_name(program), *arguments]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode:
        last = [line.strip() for line in ran.stderr.splitlines() if line.strip()][-1:]
        raise ChildProcessError(f"{program} {arguments[0]} fails: {' '.join(last)}")
    return ran.stdout
