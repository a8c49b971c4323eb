"""Make the virtual environment and put uv into it.

Runs on any Python 3, so that it can say which one is needed.

Usage: python3 scripts/bootstrap.py .venv
"""

import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)


def main(place: str) -> str | None:
    """Return one line that says what to do, or nothing when it is done."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        return f"Python 3.11 or newer is needed, this is {found}: make PYTHON=python3.12 run"
    try:
        venv.create(place, with_pip=True, clear=False)
    except (OSError, subprocess.CalledProcessError) as error:
        return (
            f"{place} cannot be made ({error}): give write permission here; on Debian and Ubuntu "
            "also `apt install python3-venv`"
        )
    pip = [str(Path(place) / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv>=0.9,<1"]
    if subprocess.run(pip, check=False).returncode:
        return "uv cannot be installed: check the network, or pip's index and proxy settings"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
