"""An event on its way into what it is about."""

import msgspec

from attune.collect.event import EPOCH, Event, millis
from attune.features.feature import Act
from attune.ids import ProfileId
from attune.stream import Position


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """An event, where it lay, and what every fold asks of it, computed once."""

    event: Event
    position: Position
    profile: ProfileId
    """Under whose key it came."""
    act: Act
    at: int
    """When it happened: ms since 1970."""
    received: int
    """When it arrived: seconds since 1970."""


def arrived(event: Event, position: Position) -> Arrived:
    """Return what every fold needs to know of an event."""
    commerce = event.commerce
    gap = event.received_at - EPOCH
    return Arrived(
        event,
        position,
        event.profile,
        commerce.action if commerce else event.type,
        millis(event.timestamp),
        gap.days * 86_400 + gap.seconds,
    )
