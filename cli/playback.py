"""A file of past events through the HTTP collector, as a shop would have sent them."""

import asyncio
import gzip
import hashlib
import io
import math
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import httpx

from cli.formats import rees46
from cli.formats.rows import BadRow, Call, Format, NotThisFormat
from cli.sending import Sender, SendingFailed, Sleep, Tally

FORMATS: dict[str, Format] = {"rees46": rees46}
_NAMING_CHARACTERS = 65_536
"""The beginning of a file that names its events."""
_UNREADABLE = (OSError, EOFError, zlib.error)  # of a disk, and of gzip

Wrap = Callable[[BinaryIO], BinaryIO]


class FormatName(StrEnum):
    """The formats by the name that the command line has for them."""

    REES46 = "rees46"


class OnError(StrEnum):
    """What a bad row or a refused event does to the rest of the file."""

    CONTINUE = "continue"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Options:
    """What to replay, and how."""

    file: Path
    format: str = FormatName.REES46
    speed: float = math.inf
    """Events a second."""
    on_error: OnError = OnError.CONTINUE
    shift_to: datetime | None = None
    """When the last event is to have happened; None leaves all times as they are."""
    limit: int | None = None
    """Rows."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a file."""

    rows: int
    accepted: int
    rejected: int
    bad_rows: int
    problems: tuple[BadRow, ...]
    """The first ten."""
    seconds: float
    stopped: str | None
    """Why the rest of the file was not sent; None where there is no rest."""

    @property
    def clean(self) -> bool:
        """Every row that was asked for is accepted."""
        return self.stopped is None and self.accepted == self.rows

    @property
    def rate(self) -> float:
        """Accepted events a second."""
        return self.accepted / self.seconds if self.seconds else 0.0


async def replay(
    options: Options,
    client: httpx.AsyncClient,
    *,
    tally: Tally | None = None,
    wrap: Wrap | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Summary:
    """Send the file's events to the collector that `client` points at.

    `tally` counts while it goes on, and `wrap` may watch the file being read. After a problem,
    `on_error=stop` reads no further; what was read before is still sent.

    Raises:
        NotThisFormat: the file is not of its format, or cannot be unpacked.
    """
    started = time.perf_counter()
    tally = tally or Tally()
    sender = Sender(client, tally, sleep)
    with _opened(options.file, wrap) as file:
        rows = FORMATS[options.format].read(file, _name(options), _shift(options))
        reading = _Reading(options, rows, tally, sender, sleep)
        try:
            await sender.run(reading.feed)
        except SendingFailed as error:
            reading.stopped = str(error)
    return Summary(
        rows=tally.rows,
        accepted=tally.accepted,
        rejected=tally.rejected,
        bad_rows=tally.bad_rows,
        problems=tuple(tally.problems),
        seconds=time.perf_counter() - started,
        stopped=reading.stopped,
    )


@dataclass(slots=True)
class _Reading:
    """The rows on their way to the sender."""

    options: Options
    rows: Iterator[Call | BadRow]
    tally: Tally
    sender: Sender
    sleep: Sleep
    stopped: str | None = None

    async def feed(self) -> None:
        """Put the rows into the sender, at the speed and up to the limit that were asked for."""
        started = time.perf_counter()
        while self.tally.rows != self.options.limit and (row := self._next()):
            if self.options.on_error is OnError.STOP and not self.tally.clean:
                self.stopped = "stopped at the first problem, as asked"
                return
            ahead = started + self.tally.rows / self.options.speed - time.perf_counter()
            if ahead > 0:
                await self.sleep(ahead)
            self.tally.rows += 1
            if isinstance(row, BadRow):
                self.tally.bad(row)
            else:
                await self.sender.put(row)

    def _next(self) -> Call | BadRow | None:
        try:
            return next(self.rows, None)
        except _UNREADABLE as error:
            self.stopped = f"the file cannot be read any further: {error}"
            return None


@contextmanager
def _opened(path: Path, wrap: Wrap | None = None) -> Iterator[TextIO]:
    """Open a file as the formats want it, unpacked where its name ends in .gz."""
    with path.open("rb") as disk:
        plain = wrap(disk) if wrap else disk
        if path.suffix == ".gz":
            plain = cast("BinaryIO", gzip.GzipFile(fileobj=plain))
        with io.TextIOWrapper(
            plain, encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as text:
            yield text


@contextmanager
def _inspected(path: Path) -> Iterator[TextIO]:
    """Open it to learn something before it is replayed.

    Raises:
        NotThisFormat: it cannot be read, or not be unpacked.
    """
    try:
        with _opened(path) as file:
            yield file
    except _UNREADABLE as error:
        raise NotThisFormat(f"{path} cannot be read: {error}") from error


def _name(options: Options) -> str:
    """Return what begins the message ids: the same content is the same events, sent again.

    A file moved in time is other events each time.
    """
    with _inspected(options.file) as file:
        head = file.read(_NAMING_CHARACTERS).encode(errors="surrogateescape")
    seed = head + (options.shift_to.isoformat().encode() if options.shift_to else b"")
    return f"{options.format}-{hashlib.sha256(seed).hexdigest()[:12]}"


def _shift(options: Options) -> timedelta:
    """Return how far to move all times."""
    if options.shift_to is None:
        return timedelta(0)
    with _inspected(options.file) as file:
        last = FORMATS[options.format].last_moment(file)
    return options.shift_to - last if last else timedelta(0)
