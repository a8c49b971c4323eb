"""Names in order, each without the beginning that it shares with the one before.

They are UTF-8, with a byte between them that no UTF-8 has. A name that shares nothing stands there
as it is; else its first byte, one that no name begins with, says how many bytes to take over.
"""

from functools import lru_cache
from typing import Final

_END: Final = b"\xff"
_MOST: Final = 31  # bytes that are left out
_PLAIN: Final = 0x20
"""The least byte that a name begins with as it is."""


def spelled(names: list[str]) -> bytes:
    """Return the names as they are stored; at least one, in alphabetical order."""
    before = ""
    pieces: list[bytes] = []
    for name in names:
        pieces.append(_piece(before, name))
        before = name
    return _END.join(pieces)


def pieces_of(stored: bytes) -> list[bytes]:
    """Return the names as they stand there, for `name_at`."""
    return stored.split(_END)


def whole(stored: bytes) -> list[str]:
    """Return the names that were spelled.

    Raises:
        LookupError, ValueError: they were not, or are not in order.
    """
    names: list[str] = []
    before, raw = "", b""
    for piece in stored.split(_END):
        shared = piece[0]
        if shared >= _PLAIN:
            raw = piece
        elif shared > len(raw):
            raise ValueError(f"{shared} bytes of {before!r}")
        else:
            raw = raw[:shared] + piece[1:]
        name = raw.decode()
        if name <= before and names:
            raise ValueError(f"{name!r} after {before!r}")
        names.append(name)
        before = name
    return names


def name_at(pieces: list[bytes], place: int) -> str:
    """Return one of the names.

    Raises:
        LookupError, ValueError: they were not spelled.
    """
    name = pieces[place]
    shared = name[0]
    if shared >= _PLAIN:
        return name.decode()
    name = name[1:]
    while shared:  # what it has of those before, the last part first
        place -= 1
        if place < 0:
            raise IndexError("a name that begins as none does")
        piece = pieces[place]
        begins = piece[0]
        if begins >= _PLAIN:
            name = piece[:shared] + name
            break
        if begins < shared:
            name = piece[1 : 1 + shared - begins] + name
            shared = begins
    return name.decode()


@lru_cache(maxsize=1 << 14)  # the same few names follow each other in all visitors
def _piece(before: str, name: str) -> bytes:
    first, raw = before.encode(), name.encode()
    shared = 0
    for ours, theirs in zip(first[:_MOST], raw, strict=False):
        if ours != theirs:
            break
        shared += 1
    if shared > 1 or raw[:1] < b" ":
        return bytes((shared,)) + raw[shared:]
    return raw
