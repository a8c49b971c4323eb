"""Stop 2: which topic carries an event, under which key, and what a dead letter holds."""

from datetime import datetime

import msgspec

from attune.collect.event import Event, Kind

BEHAVIORAL = "events.behavioral"
TRANSACTIONAL = "events.transactional"
CONTEXTUAL = "events.contextual"
EXPOSURES = "exposures"
DEAD = "events.dead"
PROFILE_CHANGES = "profiles.changes"
CONTENT_CHANGES = "content.changes"

EVENTS = (BEHAVIORAL, TRANSACTIONAL, CONTEXTUAL)
TOPICS = (*EVENTS, EXPOSURES, DEAD, PROFILE_CHANGES, CONTENT_CHANGES)

_SHORT = 1_000
"""Bytes of a message that is too large for a dead letter."""

_BY_KIND = {
    Kind.BEHAVIORAL: BEHAVIORAL,
    Kind.TRANSACTIONAL: TRANSACTIONAL,
    Kind.CONTEXTUAL: CONTEXTUAL,
}


def topic_of(event: Event) -> str:
    """Return the topic that carries the event (without the installation's prefix)."""
    return EXPOSURES if event.exposure else _BY_KIND[event.kind]


# Structs, not dataclasses: three values are made of every message, and a frozen dataclass costs 0.4
# microseconds, a Struct 0.06. None of them can be part of a cycle, so none is the collector's.
class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where a message lies in Kafka. `topic` is without the installation's prefix."""

    topic: str
    partition: int
    offset: int


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message as it was consumed; nothing of it is parsed yet."""

    position: Position
    key: bytes | None
    value: bytes


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that can never be taken in, with all that is needed to mend and replay it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    reason: str
    consumer: str
    at: datetime


def shortened(letter: DeadLetter) -> DeadLetter:
    """Return the letter without most of its message, which then lies only where it lay.

    In base64, poison of the size that Kafka just allows is larger than Kafka allows.
    """
    said = (
        f"{letter.reason} (of {len(letter.value):,} bytes only the first {_SHORT:,} are here: "
        "the message itself lies at its offset)"
    )
    key = letter.key and letter.key[:_SHORT]
    return msgspec.structs.replace(letter, key=key, value=letter.value[:_SHORT], reason=said)


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Return its JSON; key and value are base64, because poison need not be text."""
    return msgspec.json.encode(letter)


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Return the dead letter in a message of topic `events.dead`."""
    return msgspec.json.decode(raw, type=DeadLetter)
