"""How far a log was read; apart from `ledger`, because a compiled class has no options."""

import msgspec

from attune.ids import ProfileId

Place = tuple[ProfileId, str, int]
"""Source profile, topic and partition: where offsets rise from event to event."""


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far a place was read: the offset of the last event, and the latest arrival (seconds)."""

    offset: int = -1
    received: int = -1

    def covers(self, offset: int, received: int) -> bool:
        """Say whether the place was read beyond an event.

        An event that comes again has arrived by the latest arrival. One that arrived after it, at
        an offset that was passed, lies in a log that began anew: topics were made again, another
        cluster took over, the light broker was restarted.
        """
        return offset <= self.offset and received <= self.received

    def __or__(self, other: "Mark") -> "Mark":
        return Mark(max(self.offset, other.offset), max(self.received, other.received))


UNREAD = Mark()
