"""`make bench`: every benchmark, one after the other, into benchmarks/RESULTS.md."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psutil
import quix
import typer
from harness import Quick
from rich.console import Console

from cli.embedded.jars import KAFKA_VERSION
from cli.embedded.redis import find_program

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
SCRIPTS = ("read", "answer", "stream", "memory", "freshness")
"""In the order of DESIGN section 4."""

_PACKAGES = ("feast", "strawberry-graphql", "uvicorn", "aiokafka", "redis", "hiredis", "msgspec")
_INTRODUCTION = """\
# Results

Written by `make bench`. Absolute figures do not travel between machines; the ratios are measured
side by side in one run, and above the goal is good. Each script says at its top what it measures
and how; what does not flatter us is in the notes.
"""

Line = dict[str, Any]
"""One claim, as `--json` prints it."""

console = Console(stderr=True)


def main(*, quick: Quick = False) -> None:
    """Run everything and write the results; exit code 1 if a benchmark failed."""
    lines: list[Line] = []
    failed: list[str] = []
    for name in SCRIPTS:
        console.rule(name)
        found = measured(name, quick=quick)
        lines += found
        if not found:
            failed.append(name)
    RESULTS.write_text(page(lines, failed, quick=quick, at=datetime.now(UTC)))
    console.print(f"{len(lines)} claims in {RESULTS.name}")
    raise typer.Exit(bool(failed))


def measured(name: str, *, quick: bool) -> list[Line]:
    """Return what one benchmark found, nothing if it failed; its progress goes to the terminal."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--json", *(["--quick"] if quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return []
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]


def page(lines: Sequence[Line], failed: Sequence[str], *, quick: bool, at: datetime) -> str:
    """Return RESULTS.md."""
    how = "coarse (`--quick`)" if quick else "in full"
    parts = [
        _INTRODUCTION,
        f"Measured {how} on {at:%Y-%m-%d}.\n",
        *(f"- {line}" for line in machine()),
        "",
        "| claim | ours | peer | unit | ratio | goal | rounds | against |",
        "|---|--:|--:|---|--:|--:|--:|---|",
        *(_row(line) for line in lines),
        "",
        *(f"- `{line['id']}`: {line['note']}" for line in lines),
        *(f"- `{name}.py` failed and gave no result." for name in failed),
    ]
    return "\n".join(parts) + "\n"


def _row(line: Line) -> str:
    goal = line["goal"]
    ratio = f"{line['ratio']:g}" if goal is None or line["ratio"] >= goal else _below(line)
    cells = (
        f"`{line['id']}`",
        f"{line['ours']:,}",
        f"{line['peer']:,}",
        line["unit"],
        ratio,
        "said" if goal is None else f"{goal:g}",
        line["rounds"],
        line["peer_name"],
    )
    return f"| {' | '.join(map(str, cells))} |"


def _below(line: Line) -> str:
    return f"**{line['ratio']:g}** (below)"


def machine() -> Iterator[str]:
    """Yield what the figures depend on; nothing that names a host or a place on it."""
    memory = psutil.virtual_memory().total / 2**30
    usable = len(os.sched_getaffinity(0))
    yield f"{_processor()}, {usable} cores, {memory:.0f} GiB, {platform.system()}"
    yield f"Python {platform.python_version()}, Apache Kafka {KAFKA_VERSION}, Redis {_redis()}"
    yield ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    yield f"Quix Streams {quix.version()}"


def _redis() -> str:
    major, minor = find_program()[1]
    return f"{major}.{minor}"


def _processor() -> str:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
        )
    except OSError:
        found = None
    return found[1] if found else platform.machine()


if __name__ == "__main__":
    typer.run(main)
