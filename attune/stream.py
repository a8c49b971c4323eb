"""Stop 2: which topic carries an event, under which key, and where it lies."""

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
ONLY = "attune-only"
"""The header that names, comma-separated, the consumers that a message was sent again for.

The others took it in before. A consumer remembers a message id for a day; who mends something next
week must not have it counted twice by those to whom nothing was wrong.
"""
TOPICS = (*EVENTS, EXPOSURES, DEAD, PROFILE_CHANGES, CONTENT_CHANGES)

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
    only: tuple[str, ...] = ()
    """The consumers it was sent again for; empty for all."""
