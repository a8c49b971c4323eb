"""Names in order, each without the beginning that it shares with the one before."""

from functools import lru_cache
from itertools import chain
from typing import Final

_MOST: Final = 31  # characters that are left out
_PLAIN: Final = " "
"""The least character that a name begins with as it is; one below is how much to take over."""


def shortened(names: list[str]) -> list[str]:
    """Return the names as they are stored; in alphabetical order they become shortest."""
    if len(names) == 1 and names[0] >= _PLAIN:
        return names
    return list(map(_after, chain(("",), names), names))


def whole(stored: list[str]) -> list[str]:
    """Return the names that were shortened.

    Raises:
        LookupError, ValueError: they were not, or are not in order.
    """
    names: list[str] = []
    before = ""
    for short in stored:
        name = short
        if short[0] < _PLAIN:
            shared = ord(short[0])
            if shared > len(before):
                raise ValueError(f"{shared} characters of {before!r}")
            name = before[:shared] + short[1:]
        if name <= before and names:
            raise ValueError(f"{name!r} after {before!r}")
        names.append(name)
        before = name
    return names


def name_at(stored: list[str], place: int) -> str:
    """Return one of the names that were shortened.

    Raises:
        LookupError: they were not.
    """
    name = stored[place]
    if name[0] >= _PLAIN:
        return name
    shared, name = ord(name[0]), name[1:]
    while shared:  # what it has of those before, the last part first
        place -= 1
        if place < 0:
            raise IndexError("a name that begins as none does")
        short = stored[place]
        begins = 0 if short[0] >= _PLAIN else ord(short[0])
        if begins < shared:
            own = short if short[0] >= _PLAIN else short[1:]
            name = own[: shared - begins] + name
            shared = begins
    return name


@lru_cache(maxsize=1 << 14)  # the same few names follow each other in all visitors
def _after(before: str, name: str) -> str:
    if name[:2] == before[:2] and len(name) > 1:
        shared = 2
        for ours, theirs in zip(before[2:_MOST], name[2:], strict=False):
            if ours != theirs:
                break
            shared += 1
        return chr(shared) + name[shared:]
    return name if name[:1] >= _PLAIN else "\0" + name
