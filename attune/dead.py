"""Dead letters: what is kept of a message that no consumer could take in, and what became of it.

Topic `events.dead` holds two kinds of records. A `DeadLetter` is a message that was put aside. A
`Resent` says that a letter was sent again; it lies in the letter's own partition, behind it. So one
pass in order tells both, Kafka lets go of a letter before it does of the mark on it, and the mark
is as durable as the letter, without another store that could disagree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from attune.stream import Position

_SHORT = 1_000
"""Bytes of a message that is too large for a dead letter."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that can never be taken in, with all that is needed to mend and resend it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    reason: str
    consumer: str
    at: datetime
    field: str = ""
    """The path in the message that is at fault, where one is."""
    whole: bool = True
    """Whether `value` is all of the message; if not, it lies only where it lay."""

    @property
    def position(self) -> Position:
        """Where the message lay."""
        return Position(self.topic, self.partition, self.offset)


class Resent(msgspec.Struct, frozen=True, tag_field="kind", tag="resent"):
    """A letter, by its place in `events.dead`, was sent again."""

    partition: int
    offset: int
    at: datetime
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Filed:
    """A dead letter where it lies in `events.dead`, and when it was sent again."""

    partition: int
    offset: int
    letter: DeadLetter
    resent: Resent | None = None

    @property
    def id(self) -> str:
        """What people call it by."""
        return f"{self.partition}:{self.offset}"

    @property
    def order(self) -> tuple[datetime, int, int]:
        """By which letters are sorted."""
        return self.letter.at, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message to send again, for the consumers of these letters."""

    topic: str
    key: bytes | None
    value: bytes
    letters: Sequence[Filed]
    mended: bool = False

    @property
    def consumers(self) -> list[str]:
        """Who put it aside."""
        return sorted({filed.letter.consumer for filed in self.letters})


class Files:
    """Letters as the records of the topic tell them, in the order of each partition.

    A batch that was not committed is taken again, and its letters are written again: letters of one
    message and one consumer are one, known by the first of their places.
    """

    def __init__(self) -> None:
        self._subjects: dict[tuple[int, int], DeadLetter] = {}
        self._filed: dict[DeadLetter, Filed] = {}

    def add(self, partition: int, offset: int, record: DeadLetter | Resent) -> None:
        """Take the next record of a partition."""
        if isinstance(record, DeadLetter):
            subject = self._subjects[partition, offset] = _subject(record)
            filed, known = Filed(partition, offset, record), self._filed.get(subject)
            if known is None or filed.order < known.order:
                self._filed[subject] = replace(filed, resent=known.resent if known else None)
        elif marked := self._subjects.get((record.partition, record.offset)):
            self._filed[marked] = replace(self._filed[marked], resent=record)

    def letters(self) -> list[Filed]:
        """Return them, the oldest first."""
        return sorted(self._filed.values(), key=lambda filed: filed.order)


def _subject(letter: DeadLetter) -> DeadLetter:
    """Return what letters have in common that are of one message and one consumer."""
    return msgspec.structs.replace(letter, at=_NEVER, reason="", field="")


_NEVER = datetime.fromtimestamp(0, UTC)


def shortened(letter: DeadLetter) -> DeadLetter:
    """Return the letter without most of its message, which then lies only where it lay.

    In base64, poison of the size that Kafka just allows is larger than Kafka allows.
    """
    said = (
        f"{letter.reason} (of {len(letter.value):,} bytes only the first {_SHORT:,} are here: "
        "the message itself lies at its offset)"
    )
    key = letter.key and letter.key[:_SHORT]
    return msgspec.structs.replace(
        letter, key=key, value=letter.value[:_SHORT], reason=said, whole=False
    )


class _Kind(msgspec.Struct):
    kind: str = ""


def encode_record(record: DeadLetter | Resent) -> bytes:
    """Return its JSON; key and value are base64, because poison need not be text."""
    return msgspec.json.encode(record)


def decode_record(raw: bytes) -> DeadLetter | Resent:
    """Return the record in a message of topic `events.dead`."""
    if msgspec.json.decode(raw, type=_Kind).kind:
        return msgspec.json.decode(raw, type=Resent)
    return msgspec.json.decode(raw, type=DeadLetter)


def places(positions: Iterable[Position]) -> str:
    """Return positions as people read them: `events.behavioral/0 at 17, 18`."""
    by_partition: dict[tuple[str, int], list[str]] = {}
    for topic, partition, offset in ((p.topic, p.partition, p.offset) for p in positions):
        by_partition.setdefault((topic, partition), []).append(str(offset))
    return "; ".join(f"{topic}/{n} at {', '.join(at)}" for (topic, n), at in by_partition.items())
