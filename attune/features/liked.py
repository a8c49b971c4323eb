"""Which names have the most points; apart from `interest`, so that it is compiled."""

from operator import mul
from typing import Final

_FRESH: Final = 2
"""Numbers in the row of a name that has points in the newest bucket only."""


def liked(
    held: dict[str, list[int]], worth: tuple[int, ...], top: int
) -> tuple[list[str], list[float]]:
    """Return the names with the most points, and each one's share of all.

    A row of `held` is the second of the latest event, then points in the newest bucket and those
    before; `worth` is what each number of it weighs.
    """
    newest = worth[1]
    total = 0
    weights: dict[str, int] = {}
    for name, row in held.items():
        weight = newest * row[1] if len(row) == _FRESH else sum(map(mul, row, worth))
        weights[name] = weight
        total += weight
    total = total or 1  # 0 only of damaged bytes
    names = greatest_first(weights)[:top]
    return names, [weights[name] / total for name in names]


def newest_first(held: dict[str, list[int]]) -> list[str]:
    """Return the names by the second of their latest event."""
    return greatest_first({name: row[0] for name, row in held.items()})


def greatest_first(numbers: dict[str, int]) -> list[str]:
    """Return the names, of equal numbers in the order of names."""
    # Sorting is stable.
    return sorted(sorted(numbers), key=numbers.__getitem__, reverse=True)
