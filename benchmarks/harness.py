"""What every benchmark shares: its options, rounds that alternate, and the result lines.

A benchmark is honest here in a few habits. Contenders take turns within one run, so that a noisy
machine disturbs all of them; medians are compared, never best with worst; the spread of the rounds
stands beside the number; and what does not flatter us is in the note.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from attune.errors import AttuneError

Quick = Annotated[bool, typer.Option("--quick", help="within a minute, coarser")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line, for each claim")]

LONG, SHORT = 300.0, 60.0
"""Seconds that a benchmark may take, and with `--quick`."""
_CLOSING = 8.0  # seconds kept for stopping servers
_ROUNDS = 5
"""At most: more would not move a median by what other programs on the machine do move it."""

_WHOLE = 1000
"""From here on a figure is written without a fraction."""

_people = Console(stderr=True)
"""Progress goes to stderr: stdout is for the result alone."""


class BenchmarkFailed(AttuneError):
    """A contender did not do its work, so there is nothing to compare; one line says what."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured, against whom, and how far apart it should be."""

    id: str
    unit: str
    peer_name: str
    goal: float | None
    """Least ratio; None where the ratio is only to be said."""
    limit: float | None = None
    """For what should be small: the ratio is `limit * peer / ours`. None: it is `ours / peer`."""

    def ratio(self, ours: float, peer: float) -> float:
        """Return the ratio; above the goal is good."""
        return ours / peer if self.limit is None else self.limit * peer / ours


@dataclass(frozen=True, slots=True)
class Result:
    """One claim as it was measured: medians over the rounds."""

    claim: Claim
    ours: float
    peer: float
    rounds: int
    note: str = ""

    @property
    def ratio(self) -> float:
        """Of the medians, as the claim defines it."""
        return self.claim.ratio(self.ours, self.peer)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.claim.goal is None else self.ratio >= self.claim.goal

    def line(self) -> str:
        """Return the JSON object of DESIGN section 4, and the note."""
        return json.dumps(
            {
                "id": self.claim.id,
                "ours": _rounded(self.ours),
                "peer": _rounded(self.peer),
                "unit": self.claim.unit,
                "ratio": _rounded(self.ratio),
                "goal": self.claim.goal,
                "rounds": self.rounds,
                "peer_name": self.claim.peer_name,
                "note": self.note,
            },
            ensure_ascii=False,
        )


def compare(claim: Claim, ours: Sequence[float], peer: Sequence[float], note: str = "") -> Result:
    """Return the result of one claim from both sides' measurements, one a round."""
    ratios = sorted(claim.ratio(a, b) for a, b in zip(ours, peer, strict=True))
    spread = f"rounds {ratios[0]:.2f} to {ratios[-1]:.2f}" if len(ratios) > 1 else ""
    told = "; ".join(part for part in (spread, note) if part)
    return Result(claim, median(ours), median(peer), len(ratios), told)


class Budget:
    """The seconds a benchmark may take, counted from its making."""

    def __init__(self, *, quick: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.quick = quick
        self._clock = clock
        self._begun = clock()
        self._busy = _busy()

    @property
    def left(self) -> float:
        """Seconds left for measuring."""
        return self._begun + (SHORT if self.quick else LONG) - _CLOSING - self._clock()

    def disturbance(self) -> str:
        """Say how much of the machine other programs have used since the beginning.

        To be asked when all our processes have ended, for only then is their share known.
        """
        machine, own = (now - then for now, then in zip(_busy(), self._busy, strict=True))
        cores = max(0.0, machine - own) / (self._clock() - self._begun)
        return f"other programs used {cores:.1f} of {psutil.cpu_count()} cores meanwhile"

    def rounds(self, most: int = _ROUNDS) -> Iterator[int]:
        """Yield round numbers while another round as long as the longest still fits; 0 always."""
        longest = 0.0
        for number in range(most):
            if number and self.left < longest:
                return
            begun = self._clock()
            yield number
            longest = max(longest, self._clock() - begun)


def _busy() -> tuple[float, float]:
    """Return seconds of CPU that the machine and that we with our ended children have used."""
    times = psutil.cpu_times()
    machine = times.user + times.nice + times.system
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return machine, sum(used.ru_utime + used.ru_stime for used in own)


def alternate(
    budget: Budget, contenders: Mapping[str, Callable[[], float]], most: int = _ROUNDS
) -> dict[str, list[float]]:
    """Let every contender have one turn a round, each round beginning with another one.

    Returns the measurements by name, one a round, in the order of the rounds.
    """
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in budget.rounds(most):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = contenders[name]()
            found[name].append(value)
            say(f"round {number + 1}  {name:<12} {value:,.0f}")
    return found


def say(what: str) -> None:
    """Tell a person who waits what is going on."""
    _people.print(what, style="dim", highlight=False, markup=False)


def show(results: Sequence[Result], budget: Budget, *, as_json: bool) -> None:
    """Print the results, when the servers have stopped: a table, or one JSON object a line."""
    disturbed = budget.disturbance()
    results = [replace(one, note=f"{one.note}; {disturbed}") for one in results]
    if as_json:
        for result in results:
            print(result.line(), flush=True)
        return
    console = Console()
    console.print(_table(results))
    for result in results:
        console.print(f"[bold]{result.claim.id}[/]  {result.note}", highlight=False)


def _table(results: Sequence[Result]) -> Table:
    table = Table("claim", "against", "unit")
    for heading in ("ours", "peer", "ratio", "goal", "rounds"):
        table.add_column(heading, justify="right")
    for result in results:
        goal = result.claim.goal
        colour = {True: "green", False: "red", None: "default"}[result.reached]
        table.add_row(
            result.claim.id,
            result.claim.peer_name,
            result.claim.unit,
            f"{_rounded(result.ours):,}",
            f"{_rounded(result.peer):,}",
            f"[{colour}]{result.ratio:.2f}[/]",
            "said" if goal is None else f"{goal:g}",
            str(result.rounds),
        )
    return table


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what a person can act on into one line and exit code 1."""
    failure: BaseException | None = None
    try:
        yield
    except* AttuneError as errors:  # a task group's are in groups
        failure = errors
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if failure:
        _people.print(f"error: {failure}", style="red", highlight=False, markup=False)
        sys.exit(1)


def _rounded(value: float) -> float:
    """Return four digits of it, or all before the point: no reading is better than that."""
    return float(f"{value:.4g}") if value < _WHOLE else round(value)
