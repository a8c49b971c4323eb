"""An environment for Quix Streams beside our own: its dependencies are its own affair."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import BenchmarkFailed, say
from platformdirs import user_cache_path

REQUIREMENTS = Path(__file__).with_name("requirements-quix.txt")


def version() -> str:
    """Return the pinned version."""
    found = re.search(r"^quixstreams==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    return found[1] if found else "unknown"


def python() -> str:
    """Return the interpreter that has Quix Streams; the first call installs it.

    Raises:
        BenchmarkFailed: it cannot be installed.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = user_cache_path("attune") / "benchmarks" / f"quix-{digest}"
    program = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        say(f"installing Quix Streams {version()} in an environment of its own")
        shutil.rmtree(home, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(home))
        _uv(
            "pip", "install", "--python", str(program),
            "--require-hashes", "--requirement", str(REQUIREMENTS),
        )  # fmt: skip
        ready.touch()
    return str(program)


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise BenchmarkFailed("uv is not installed: make .venv/dev")
    done = subprocess.run(
        [uv, *arguments, "--quiet"],
        env={**os.environ, "VIRTUAL_ENV": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkFailed(f"uv {arguments[0]}: {done.stderr.strip() or done.returncode}")
