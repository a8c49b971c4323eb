"""An event on its way into what it is about."""

from typing import Final

from mypy_extensions import mypyc_attr

from attune.collect.event import EPOCH, Event
from attune.features.feature import Act
from attune.ids import ProfileId, profile_of
from attune.stream import TOPICS, Position

PARTITION_BITS: Final = 16
"""Bits of a partition's number in that of a log."""
_LOGS: Final = {topic: rank << PARTITION_BITS for rank, topic in enumerate(sorted(TOPICS))}
_TOPICS: Final = sorted(TOPICS)
NO_LOG: Final = -1
_EPOCH: Final = EPOCH


@mypyc_attr(acyclic=True)
class Arrived:
    """An event, where it lay, and what every fold asks of it, computed once; nobody changes it.

    A plain class, so that compiled modules read it as they do a C struct.
    """

    __slots__ = ("act", "at", "event", "log", "offset", "position", "profile", "received")

    def __init__(self, event: Event, position: Position) -> None:
        self.event = event
        self.position = position
        self.log: int = log_of(position.topic, position.partition)
        """Which partition of which topic, as one number."""
        self.offset: int = position.offset
        self.profile: ProfileId = profile_of(event.user_id, event.anonymous_id)
        """Under whose key it came."""
        commerce = event.commerce
        self.act: Act = event.type if commerce is None else commerce.action
        gap = event.timestamp - _EPOCH
        seconds: int = gap.days * 86_400 + gap.seconds
        self.at: int = seconds * 1000 + gap.microseconds // 1000
        """When it happened: ms since 1970."""
        gap = event.received_at - _EPOCH
        self.received: int = gap.days * 86_400 + gap.seconds
        """When it arrived: seconds since 1970."""


def log_of(topic: str, partition: int) -> int:
    """Return the number of a partition, in the order of their names; `NO_LOG` of other topics."""
    rank = _LOGS.get(topic)
    return NO_LOG if rank is None or partition >> PARTITION_BITS else rank | partition


def name_of(log: int) -> tuple[str, int]:
    """Return topic and partition of a number."""
    return _TOPICS[log >> PARTITION_BITS], log & (1 << PARTITION_BITS) - 1
