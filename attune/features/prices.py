"""What prices somebody looks at, and which of them they take."""

from collections.abc import Callable
from dataclasses import dataclass

from attune.collect.event import Event
from attune.features import seen
from attune.features.codec import Codec
from attune.features.feature import Act, Feature, Field, Value, act_of
from attune.features.seen import Seen
from attune.features.steps import Step


@dataclass(frozen=True)
class PriceSensitivity(Feature[Seen]):
    """Mean price of the products looked at, and that of those taken, as a share of it.

    `price_ratio = mean(price of products put into the cart) / mean(price of products viewed)`:
    under 1 for somebody who looks at dear things and takes cheaper ones; null before both are
    known, and where all that was viewed is free. Each line of an event counts once, whatever its
    quantity; lines without a price say nothing. Over all time.
    """

    acts: frozenset[Act] = frozenset({"viewed", "added"})

    @property
    def fields(self) -> tuple[Field, ...]:
        """Two numbers."""
        return (
            Field("mean_price", "float64", "Mean price of the products viewed", "currency"),
            Field(
                "price_ratio", "float64", "Mean price put into the cart over mean price viewed", ""
            ),
        )

    def empty(self) -> Seen:
        """No price seen."""
        return Seen()

    def update(self, state: Seen, event: Event, at: int) -> Seen:
        """Add the prices of the event's products."""
        added_up: Seen = self.step(act_of(event)).update(state, event, at)
        return added_up

    def step(self, act: Act) -> Step:
        """See `seen`."""
        return seen.VIEWED if act == "viewed" else seen.ADDED

    def merge(self, ours: Seen, theirs: Seen) -> Seen:
        """Add."""
        ours.looked += theirs.looked
        ours.looked_micros += theirs.looked_micros
        ours.taken += theirs.taken
        ours.taken_micros += theirs.taken_micros
        return ours

    def read(self, state: Seen, now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """See `seen.means`."""
        return seen.means(state)

    def read_packed(self, raw: bytes, now: int) -> tuple[Value, ...]:
        """As `read`."""
        return seen.read(raw, now)

    def reader(self) -> Callable[[bytes, int], tuple[Value, ...]]:
        """See `seen.read`."""
        return seen.read

    def pack(self, state: Seen) -> bytes:
        """12 bytes where cents say it, else 24."""
        return seen.PRICES.packed(state)

    def codec(self) -> Codec:
        """See `seen.PRICES`."""
        return seen.PRICES

    def unpack(self, raw: bytes) -> Seen:
        """As packed."""
        return seen.PRICES.unpack(raw)
