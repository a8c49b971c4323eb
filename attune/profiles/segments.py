"""Stop 4: which segments a visitor is in, derived from what is known, not stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from attune.decide.content import Segment
from attune.decide.decision import operands_of, told
from attune.decide.expression import Expression, Undecided
from attune.decide.facts import Facts, Path

_MADE = frozenset({("user", "segment"), ("user", "segments")})


@dataclass(frozen=True, slots=True)
class Criterion:
    """A segment with its expression compiled."""

    segment: Segment
    when: Expression


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that a visitor is in; `why` is the expression and the values it holds for."""

    name: str
    why: str


def segments_of(criteria: Sequence[Criterion], facts: Facts) -> tuple[Membership, ...]:
    """Return the segments that hold, in order: the first one is the primary segment.

    A segment that cannot be decided, because something is not known, does not hold.
    """
    return tuple(
        Membership(criterion.segment.name, _why(criterion.when, facts))
        for criterion in criteria
        if _holds(criterion.when, facts)
    )


def reads_segments(path: Path) -> bool:
    """Tell whether the operand is one that segments make, so that no segment may read it."""
    return path[:2] in _MADE


def _why(when: Expression, facts: Facts) -> str:
    return told(when.source, operands_of(when, facts))


def _holds(when: Expression, facts: Facts) -> bool:
    try:
        return when.holds(facts)
    except Undecided:
        return False
