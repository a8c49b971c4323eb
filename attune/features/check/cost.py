"""What a view costs: microseconds an event and a read, bytes an entity."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from attune.collect.event import Event
from attune.features.check.complaint import Complaint
from attune.features.check.folding import fold
from attune.features.check.samples import LIGHT, heavy
from attune.features.feature import act_of
from attune.features.view import FeatureView

MAX_UPDATE = 150.0
"""Microseconds an event, on a machine of `_PACE`. A consumer folds everything there is of a user in
about 50; a view that takes three times that by itself makes one process of four."""

MAX_READ = 500.0
"""Microseconds, there too. An answer reads every view of a user, and is to take a millisecond or
two."""

MAX_BYTES = 2_048
"""Of one entity's state after three busy months. Our configurations of Redis set
`hash-max-listpack-value` to this: one longer value makes the hash a table of twice the size."""

_ROUNDS = 5

_PACE = 150.0
"""Microseconds that `_work` took where the limits were set; a slower machine is given more."""

Clock = Callable[[], float]
"""Seconds, such as `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one view; the best of several rounds, because the machine does other things too."""

    view: str
    update: float
    """Microseconds an event that concerns it."""
    read: float
    """Microseconds to decode a heavy state and read all its fields."""
    light: int
    """Bytes after a few events."""
    heavy: int
    """Bytes after three busy months."""
    pace: float = 1.0
    """How many times slower this machine is than the one that the limits are of; never below 1."""


def cost_of(view: FeatureView, clock: Clock) -> Cost:
    """Measure what a view costs; one whose features raise must not be asked."""
    events = [event for event in heavy(view.entity) if act_of(event) in view.acts]
    raw = _folded(view, events)
    now = max((event.at for event in events), default=0)
    return Cost(
        view.full_name,
        _best(lambda: _folded(view, events), clock) / max(len(events), 1),
        _best(lambda: view.read(view.decode(raw), now), clock),
        len(_folded(view, events[-LIGHT:])),
        len(raw),
        max(1.0, _best(_work, clock) / _PACE),
    )


def _folded(view: FeatureView, events: Sequence[Event]) -> bytes:
    return view.encode([fold(feature, events) for feature in view.features])


def _work() -> int:
    """Do what features do: small dicts, small numbers, calls."""
    held: dict[int, int] = {}
    for number in range(1_000):
        held[number % 97] = max(held.get(number % 97, 0), number)
    return sum(held.values())


def _best(work: Callable[[], object], clock: Clock) -> float:
    """Return microseconds."""
    times = []
    for _ in range(_ROUNDS):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times) * 1e6


def check_cost(cost: Cost) -> Iterator[Complaint]:
    """Yield what costs too much; whoever knows better can force it."""
    update, read = cost.update / cost.pace, cost.read / cost.pace
    for says, value, limit, unit, remedy in (
        ("takes too long to update", update, MAX_UPDATE, "us an event", "do less in `update`"),
        ("takes too long to read", read, MAX_READ, "us", "compute less in `read`"),
        ("takes too much memory", cost.heavy, MAX_BYTES, "bytes", "bound what it keeps"),
    ):
        if value > limit:
            told = f"{value:.0f} {unit}, the limit is {limit:.0f}"
            yield Complaint(cost.view, says, told, f"{remedy}, or --force", forcible=True)
