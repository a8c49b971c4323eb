"""How much may be put aside before it is not the messages that are wrong."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from attune.dead import places
from attune.errors import TooMuchPoison
from attune.ports import Refused

WINDOW = 1000
"""Messages: the last so many are looked at."""
FEWEST = 20
"""Messages put aside among those before a consumer stops: two bad ones of three prove nothing."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Aside:
    """A message to be put aside, and which of its batch it is. `field` is where the fault lies."""

    place: int
    refused: Refused
    field: str = ""


class Share:
    """What of the last messages of one consumer was put aside.

    A window rather than an average: a deploy that makes every event unreadable stops within some
    fifty messages, however many were taken in before.
    """

    def __init__(self, consumer: str, limit: float) -> None:
        self._consumer = consumer
        self._limit = limit
        self._seen = 0
        self._dead: deque[tuple[int, Refused]] = deque()

    def check(self, asides: Iterable[Aside]) -> None:
        """See whether these, of the batch in hand, may be put aside.

        Raises:
            TooMuchPoison: at one of them, more than the limit of the last messages would be.
        """
        window = self._dead.copy()
        for aside in sorted(asides, key=_place):
            self._push(window, aside)
            share = len(window) / min(self._seen + aside.place + 1, WINDOW)
            if len(window) >= FEWEST and share > self._limit:
                raise TooMuchPoison(self._told(share, [refused for _, refused in window]))

    def passed(self, size: int, asides: Iterable[Aside]) -> None:
        """Remember a batch that was taken in, and what of it was put aside."""
        for aside in sorted(asides, key=_place):
            self._push(self._dead, aside)
        self._seen += size

    def _push(self, window: deque[tuple[int, Refused]], aside: Aside) -> None:
        number = self._seen + aside.place
        while window and window[0][0] <= number - WINDOW:
            window.popleft()
        window.append((number, aside.refused))

    def _told(self, share: float, dead: list[Refused]) -> str:
        (reason, times), *_ = Counter(refused.reason for refused in dead).most_common(1)
        return (
            f"consumer {self._consumer} stops: {share:.1%} of its last messages cannot be taken in "
            f"({len(dead)}, {times} of them for: {_line(reason)}), and "
            f"ATTUNE_CONSUME__MAX_DEAD_LETTER_SHARE is {self._limit:g}. The first: "
            f"{places(refused.position for refused in dead[:_SHOWN])}. Nothing of the batch is put "
            "aside or committed, so nothing is lost: see `attune dead list` for what was before, "
            "mend the cause and start again; or raise the limit (1: none) to put all of it aside"
        )


def _line(reason: str) -> str:
    return " ".join(reason.split())[:200]


def _place(aside: Aside) -> int:
    return aside.place
