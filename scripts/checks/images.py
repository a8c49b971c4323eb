"""Each image can run its roles: what they import is among what the image installs."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROLES: Mapping[str, tuple[str, ...]] = {
    "api": ("cli.main", "uvicorn", "httptools", "uvloop", "api.app"),
    "consumers": ("cli.main", "consumers.main"),
    "training": (
        "cli.main",
        "attune.adapters.postgres.migrate",
        "feature_repo.apply",
        "cli.seed.load",
        "cli.train",
    ),
}
"""requirements/NAME.txt -> what the commands import that run in the image of that name."""

_IMPORT = """
import re, sys
from importlib.metadata import packages_distributions

allowed = set(sys.argv[1].split())
bare = lambda name: re.sub(r"[-_.]+", "-", name).lower()
kept_out = {
    package
    for package, owners in packages_distributions().items()
    if not allowed & set(map(bare, owners))
} - {"attune", "api", "cli", "consumers", "training", "feature_repo"}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in kept_out:
            raise ModuleNotFoundError(f"{name} is not installed there", name=name)

sys.meta_path.insert(0, Refuse())
for name in sys.argv[2:]:
    try:
        __import__(name)
    except ImportError as error:
        print(f"{name} cannot be imported: {error}")
"""


def startable(requirements: str, modules: tuple[str, ...], root: Path) -> Iterator[str]:
    """Import the modules as if nothing but the requirements were installed."""
    names = [
        line.partition("==")[0].lower().replace("_", "-").replace(".", "-")
        for line in requirements.splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    ]
    # In a process of its own: what is imported once stays imported.
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORT, " ".join(names), *modules],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    yield from ran.stdout.splitlines()
    if ran.returncode:
        yield ran.stderr.strip().splitlines()[-1]
