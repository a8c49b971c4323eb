"""Stop 4: which segments a visitor is in, derived from what is known, not stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from attune.decide.content import Segment
from attune.decide.decision import operands_of, told
from attune.decide.expression import Expression, Undecided
from attune.decide.facts import IN_PLAY, Facts, Path

_MADE = frozenset({("user", "segment"), ("user", "segments")})


@dataclass(frozen=True, slots=True)
class Criterion:
    """A segment with its expression compiled."""

    segment: Segment
    when: Expression


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that a visitor is in, and what that rests on."""

    name: str
    when: Expression
    facts: Facts

    @property
    def why(self) -> str:
        """The expression, and the values it holds for: a long text, made when somebody asks."""
        return told(self.when.source, operands_of(self.when, self.facts))


def segments_of(criteria: Sequence[Criterion], facts: Facts) -> tuple[Membership, ...]:
    """Return the segments that hold, in order: the first one is the primary segment.

    A segment that cannot be decided, because something is not known, does not hold.
    """
    held = [each for each in criteria if _holds(each.when, facts)]
    return tuple([Membership(each.segment.name, each.when, facts) for each in held])


def reads_segments(path: Path) -> bool:
    """Tell whether the operand is one that segments make, so that no segment may read it."""
    return path[:2] in _MADE


def reads_play(path: Path) -> bool:
    """Tell whether the operand is of a visit or an item: a segment is about the visitor alone."""
    return path[0] in IN_PLAY


def _holds(when: Expression, facts: Facts) -> bool:
    try:
        return when.holds(facts)
    except Undecided:
        return False
