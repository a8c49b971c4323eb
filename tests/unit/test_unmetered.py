"""Importing feast changes nothing for metrics, here or in a process that is started from here."""

import os
import subprocess
import sys

_LEFT = """
import feature_repo.objects, os
print(*sorted(name for name in os.environ if name.startswith("PROMETHEUS")))
"""


def left(**given: str) -> list[str]:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PROMETHEUS")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _LEFT],
        env=environment | given,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_no_variable_of_feasts_is_left_for_others_to_inherit(tmp_path: os.PathLike[str]) -> None:
    assert left() == []
    assert "PROMETHEUS_MULTIPROC_DIR" in left(PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
