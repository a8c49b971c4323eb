"""Stop 7: what was shown to whom, each decision counted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from attune.collect.event import Event
from attune.ids import ProfileId


@dataclass(frozen=True, slots=True)
class Shown:
    """A visitor saw the block that a decision chose."""

    decision_id: str
    slot: str
    block: str
    profile: ProfileId
    at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class BlockCount:
    """How often a block was shown in a slot, over all time."""

    slot: str
    block: str
    shown: int


def shown_in(event: Event) -> Shown | None:
    """Return the exposure that the event tells of, if it is one."""
    exposure = event.exposure
    if exposure is None:
        return None
    return Shown(
        exposure.decision_id,
        exposure.slot,
        exposure.block,
        event.profile,
        event.timestamp,
        event.id,
    )


class MeasureStore(Protocol):
    """Where measurements rest: PostgreSQL."""

    async def record(self, shown: Sequence[Shown]) -> int:
        """Store and count, at once, those whose decision was not stored before.

        Returns:
            How many were new.

        Raises:
            Unavailable: the store does not answer; recording all again is safe.
        """

    async def counts(self) -> list[BlockCount]:
        """Return the count of every block that was shown, most shown first.

        Raises:
            Unavailable: the store does not answer.
        """
