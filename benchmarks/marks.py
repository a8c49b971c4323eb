"""How a contender in a process of its own tells how far it was when: standard library only.

Quix Streams runs in an environment without Attune, so this file imports nothing else.
"""

import json
import resource
import time
from collections.abc import Sequence
from typing import NamedTuple


class Mark(NamedTuple):
    """How many events were done, and the seconds on the clock and of CPU until then."""

    events: int
    wall: float
    cpu: float


class Rate(NamedTuple):
    """Events a second: by the clock on one core, and by this process's own CPU time."""

    wall: float
    cpu: float


class Marks:
    """Remembers when how much was done."""

    def __init__(self) -> None:
        self.made: list[Mark] = []

    def at(self, events: int) -> None:
        """Remember that so many events are done by now."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.made.append(Mark(events, time.perf_counter(), used.ru_utime + used.ru_stime))

    def tell(self) -> None:
        """Print them as the last line of the program."""
        print(json.dumps({"marks": self.made}), flush=True)


def told(output: str) -> list[Mark]:
    """Return the marks that a program printed, none if it did not come that far."""
    for line in reversed(output.splitlines()):
        if line.startswith('{"marks"'):
            return [Mark(*mark) for mark in json.loads(line)["marks"]]
    return []


def steady(marks: Sequence[Mark]) -> Rate:
    """Return the rate between the first mark and the last: start-up is not measured.

    Raises:
        ValueError: there are not two marks, or no events between them.
    """
    if len(marks) < 2 or marks[-1].events <= marks[0].events:  # noqa: PLR2004 - two ends
        raise ValueError(f"{len(marks)} marks do not make a rate: use more events")
    first, last = marks[0], marks[-1]
    events = last.events - first.events
    return Rate(events / (last.wall - first.wall), events / (last.cpu - first.cpu))
