"""Where one stands among all: a user's values beside the bounds of the population.

No state of its own: it is read from the values of two entities at the same moment, by the API and
by Feast's on-demand view alike.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from attune.features.buyers import FIFTHS
from attune.features.feature import Field, Value

Values = Mapping[str, Value]


@dataclass(frozen=True)
class Rfm:
    """Fifths of recency, frequency and monetary value, 5 the best: who has bought, and how much.

    `quintile = 1 + how many of the four bounds are below the value`; of recency, where less is
    better, 6 minus that. All null for who has never bought, or while no bounds are known.
    """

    name: str = "ranks"
    description: str = "Where a customer stands among all who have bought"
    own: str = "purchases"
    """The view of the user that it reads."""
    among: str = "buyers"
    """The view of the population that it reads."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Three fifths, and their digits in one number: 555 are the best customers."""
        return (
            Field("recency_quintile", "int64", "Fifth by the latest order, 5 the latest", "1 to 5"),
            Field("frequency_quintile", "int64", "Fifth by orders, 5 the most", "1 to 5"),
            Field("monetary_quintile", "int64", "Fifth by revenue, 5 the most", "1 to 5"),
            Field("rfm", "int64", "The three digits: recency, frequency, monetary", "111 to 555"),
        )

    def read(self, own: Values, among: Values) -> dict[str, Value]:
        """Return the fifths of one's own values among the population's bounds."""
        recency = _fifth(own.get("recency_days"), among.get("recency_bounds"))
        frequency = _fifth(own.get("frequency"), among.get("frequency_bounds"))
        monetary = _fifth(own.get("monetary"), among.get("monetary_bounds"))
        if own.get("recency_days") is None or not (recency and frequency and monetary):
            return dict.fromkeys(field.name for field in self.fields)
        recency = FIFTHS + 1 - recency
        return {
            "recency_quintile": recency,
            "frequency_quintile": frequency,
            "monetary_quintile": monetary,
            "rfm": 100 * recency + 10 * frequency + monetary,
        }


def _fifth(value: Value, found: Value) -> int:
    """Return 1 to 5, or 0 where the value or the bounds are not known."""
    if not isinstance(value, int | float) or not isinstance(found, list) or not found:
        return 0
    limits = [each for each in found if isinstance(each, int | float)]
    return 1 + bisect_left(limits, value)
