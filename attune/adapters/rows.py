"""A row of the online store, from the values of its fields."""

from typing import Final

from mypy_extensions import i64, mypyc_attr

from attune.adapters.protobuf import BYTES, MORE, bytes_of_value
from attune.ports import Row

OF_STATES: Final = 0
OF_RECORDS: Final = 1
OF_VERSION: Final = 2
OF_PLAIN: Final = 3
OF_NOBODY: Final = 4
_NO_PLAIN: Final[dict[str, bytes]] = {}
"""Of most rows; never changed."""
_TWO: Final = 2
_ZERO: Final = 0x30  # of decimal digits
_NINE: Final = 9
_SHORT: Final = 18  # decimal digits; so many fit into 64 bits


@mypyc_attr(acyclic=True)
class Slot:
    """Which part of a row a value belongs to, and under which name."""

    __slots__ = ("name", "part")

    def __init__(self, part: i64, name: str) -> None:
        self.part = part
        self.name = name


NOBODY: Final = Slot(OF_NOBODY, "")


def row_of(slots: list[Slot], values: list[bytes | None]) -> Row:
    """Return a row of these values, None where there is none."""
    states: dict[str, bytes] = {}
    records: dict[str, bytes] = {}
    plain = _NO_PLAIN
    version = 0
    for place in range(len(values)):
        value = values[place]
        if value is None:
            continue
        slot = slots[place]
        part, name = slot.part, slot.name
        if part == OF_STATES:
            states[name] = _state_in(value)
        elif part == OF_RECORDS:
            records[name] = value
        elif part == OF_VERSION:
            version = _whole(value)
        elif part == OF_PLAIN:
            if plain is _NO_PLAIN:
                plain = {}
            plain[name] = value
    return Row(version, states, records, plain)


def _whole(digits: bytes) -> int:
    """Return a number that is not negative.

    Raises:
        ValueError: it is none.
    """
    if len(digits) > _SHORT:
        return int(digits)
    found: i64 = 0
    for place in range(len(digits)):
        digit: i64 = digits[place] - _ZERO
        if digit < 0 or digit > _NINE:
            return int(digits)
        found = found * 10 + digit
    return found if digits else int(digits)


def _state_in(value: bytes) -> bytes:
    """Return the state, or nothing, which is none: Feast itself may have stored a null."""
    if len(value) > _TWO and value[0] == BYTES:  # as a rule, with a length of one or two bytes
        length, more = value[1], value[_TWO]
        if length < MORE:
            return value[_TWO : _TWO + length]
        if more < MORE:
            return value[_TWO + 1 : _TWO + 1 + (length & MORE - 1 | more << 7)]
    try:
        return bytes_of_value(value)
    except (ValueError, IndexError):
        return b""
