"""What a format makes of a file: calls of Segment's API, and rows that are none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TextIO


class NotThisFormat(Exception):
    """The file is not of the format that was named; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the file as an element of `/v1/batch`."""

    line: int
    visitor: str
    """Whose it is: calls of one visitor are sent in the order of the file."""
    body: bytes
    """JSON."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One line of the file that is no event, and why."""

    line: int
    reason: str


class Format(Protocol):
    """How one kind of file is read."""

    def read(self, file: TextIO, name: str, shift: timedelta) -> Iterator[Call | BadRow]:
        """Return each line behind the heading, moved in time by `shift`.

        `name` begins the message ids; the same name and line are the same event. In `file` a byte
        that is not UTF-8 is a surrogate: it spoils its own row and no other.

        Raises:
            NotThisFormat: the heading lacks a column.
        """

    def last_moment(self, file: TextIO) -> datetime | None:
        """Return the time of the latest event, None where there is none."""
