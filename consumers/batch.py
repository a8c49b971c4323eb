"""A batch as it was polled: the events in it, and what of it is to be put aside, and why."""

from collections.abc import Sequence
from datetime import datetime

from attune.collect.event import decode
from attune.dead import DeadLetter
from attune.errors import Poison
from attune.ports import Refused, Taken
from attune.stream import Message, Position
from consumers.share import Aside, Share


class Batch:
    """Messages, read once. Those that were sent again for other consumers are passed over.

    Raises:
        TooMuchPoison: more of it cannot be read than may be put aside.
    """

    def __init__(self, consumer: str, messages: Sequence[Message], share: Share) -> None:
        self.consumer = consumer
        self.messages = messages
        self.events: list[Taken] = []
        self.asides: list[Aside] = []
        self._share = share
        self._places: dict[Position, int] = {}
        self._unreadable = 0
        self._read()

    def _read(self) -> None:
        for place, message in enumerate(self.messages):
            if message.only and self.consumer not in message.only:
                continue
            try:
                self.events.append(Taken(message.position, decode(message.value)))
            except Poison as poison:
                refused = Refused(message.position, str(poison))
                self.asides.append(Aside(place, refused, poison.field))
        self._unreadable = len(self.asides)
        if self.asides:
            self._share.check(self.asides)

    @property
    def taken(self) -> int:
        """How many events are taken in."""
        return len(self.events) - (len(self.asides) - self._unreadable)

    def refuse(self, refused: Sequence[Refused]) -> None:
        """Note what the consumer cannot take in.

        Raises:
            TooMuchPoison: with it, more is refused than may be put aside.
        """
        if not refused:
            return
        if not self._places:
            self._places = {message.position: n for n, message in enumerate(self.messages)}
        self.asides += [Aside(self._places[one.position], one) for one in refused]
        self._share.check(self.asides)

    def letters(self, at: datetime) -> list[DeadLetter]:
        """Return what is put aside, as it is kept."""
        return [self._letter(aside, at) for aside in self.asides]

    def _letter(self, aside: Aside, at: datetime) -> DeadLetter:
        message = self.messages[aside.place]
        where = message.position
        return DeadLetter(
            topic=where.topic,
            partition=where.partition,
            offset=where.offset,
            key=message.key,
            value=message.value,
            reason=aside.refused.reason,
            consumer=self.consumer,
            at=at,
            field=aside.field,
        )

    def passed(self) -> None:
        """Remember, for the batches to come, what of this one was put aside."""
        self._share.passed(len(self.messages), self.asides)
