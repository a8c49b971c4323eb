"""Redis commands as bytes, from parts that are known beforehand.

A command is `*3`, then for each argument a head with its length and the argument, then a line's
end. hiredis' own `pack_command` formats every length anew: it costs four times as much.
"""

from typing import Any, Final, TypeAlias

Command: TypeAlias = bytes | tuple[Any, ...]
"""Packed beforehand, or its arguments."""

_KNOWN: Final = 2048
"""Lengths, and numbers, that are formatted once."""

_HEADS: Final = tuple(b"\r\n$%d\r\n" % length for length in range(_KNOWN))
_NUMBERS: Final = tuple(b"\r\n$%d\r\n%d" % (len(str(n)), n) for n in range(_KNOWN))

END: Final = b"\r\n"


def head(length: int) -> bytes:
    """Return what stands before an argument of so many bytes."""
    return _HEADS[length] if length < _KNOWN else b"\r\n$%d\r\n" % length


def number(value: int) -> bytes:
    """Return an argument that is a whole number, not negative, with its head."""
    return _NUMBERS[value] if value < _KNOWN else argument(str(value).encode())


def argument(raw: bytes) -> bytes:
    """Return an argument with its head."""
    return head(len(raw)) + raw


def opening(count: int, *arguments: bytes) -> bytes:
    """Return the beginning of a command of `count` arguments, of which these are the first."""
    return b"*%d%b" % (count, b"".join(map(argument, arguments)))


def argument_of(command: Command, place: int) -> bytes:
    """Return one argument of a command; the name is at place 0."""
    if isinstance(command, tuple):
        found = command[place]
        return found.encode() if isinstance(found, str) else bytes(found)
    end = command.index(END)
    while True:
        start = end + len(END)
        end = command.index(END, start)
        size = int(command[start + 1 : end])
        start = end + len(END)
        if not place:
            return command[start : start + size]
        place -= 1
        end = start + size
