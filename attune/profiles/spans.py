"""Which of the offsets up to a mark were taken in by somebody else."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""Offsets after the first, up to and including the second."""

Spans: TypeAlias = tuple[Span, ...]
"""Apart and in order."""

ALL = -1
"""What the first offset comes after."""


def has(spans: Spans, offset: int) -> bool:
    """Say whether an offset lies in one of the spans."""
    return any(after < offset <= end for after, end in spans)


def union(spans: Iterable[Span]) -> Spans:
    """Return the same offsets in spans that lie apart and in order."""
    found: list[Span] = []
    for after, end in sorted(span for span in spans if span[0] < span[1]):
        if found and after <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((after, end))
    return tuple(found)


def rest(spans: Sequence[Span], end: int) -> Spans:
    """Return the offsets up to `end` that lie in none of the spans."""
    found: list[Span] = []
    start = ALL
    for after, last in spans:
        found.append((start, min(after, end)))
        start = max(start, last)
    found.append((start, end))
    return union(found)
