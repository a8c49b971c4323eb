"""What is known of a visitor: traits, newest wins, and the profiles that became this one."""

from typing import Any

import msgspec
from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.ids import ProfileId

Stamp = tuple[int, str]
"""Event time (ms) and message id: a total order in which the newest wins, however events arrive."""


_INT64 = 2**63


@mypyc_attr(acyclic=True)
class Traits:  # noqa: PLW1641 - they change, so nobody looks them up
    """Traits with the stamp that set each, and former profiles with the stamp of their link."""

    __slots__ = ("former", "values")

    def __init__(
        self,
        values: dict[str, tuple[Stamp, Any]] | None = None,
        former: dict[ProfileId, Stamp] | None = None,
    ) -> None:
        self.values = {} if values is None else values
        self.former = {} if former is None else former

    def __eq__(self, other: object) -> bool:
        """Say whether the same is known."""
        if not isinstance(other, Traits):
            return NotImplemented
        return self.values == other.values and self.former == other.former

    def take(self, event: Event) -> bool:
        """Take in an event's traits; say whether anything changed."""
        when = stamp(event)
        return self._newest({name: (when, _storable(v)) for name, v in event.traits.items()})

    def absorb(self, other: "Traits") -> None:
        """Take over another profile's."""
        self._newest(other.values)
        for profile, when in other.former.items():
            self.former[profile] = max(when, self.former.get(profile, when))

    def _newest(self, found: dict[str, tuple[Stamp, Any]]) -> bool:
        newer = {
            name: pair
            for name, pair in found.items()
            if name not in self.values or pair[0] > self.values[name][0]
        }
        self.values.update(newer)
        return bool(newer)

    def plain(self) -> dict[str, Any]:
        """Return name -> value, null ones left out: a sender removes a trait by sending null."""
        return {name: v for name, (_, v) in sorted(self.values.items()) if v is not None}

    def encode(self) -> bytes:
        """Return its bytes; equal traits give equal bytes."""
        return msgspec.msgpack.encode(
            (dict(sorted(self.values.items())), dict(sorted(self.former.items())))
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Traits":
        """Return the traits in stored bytes."""
        values, former = msgspec.msgpack.decode(
            raw, type=tuple[dict[str, tuple[Stamp, Any]], dict[str, Stamp]]
        )
        return cls(values, {ProfileId(profile): when for profile, when in former.items()})


def _storable(value: Any) -> Any:  # noqa: ANN401 - a trait is JSON of any type
    """Return the value with the digits, as text, of each integer that 64 bits do not hold."""
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    return value


def stamp(event: Event) -> Stamp:
    """Return the event's place in the order in which the newest wins."""
    return event.at, event.id
