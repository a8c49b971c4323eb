"""Values that Feast wrote: the protobuf `feast.types.Value` of Feast 0.67, read without protobuf.

Golden bytes of every kind, made with Feast's own classes: `tests/golden/feast_values.json`.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from attune.collect.event import EPOCH
from attune.features.feature import FieldType, Value

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
"""How protobuf says how long something is: its wire types."""

_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
_MORE = 0x80  # in a varint: another byte follows
_SIGN, _BEYOND = 1 << 63, 1 << 64
_LISTS = 10  # the field of a list is that of its scalar, and this more
_NULL = 19


def _text(raw: bytes) -> str:
    return raw.decode()


def _signed(number: int) -> int:
    return number - _BEYOND if number >= _SIGN else number


def _moment(number: int) -> datetime:
    return EPOCH + timedelta(seconds=_signed(number))


def _double(raw: bytes) -> float:
    return float(_DOUBLE.unpack(raw)[0])


def _float(raw: bytes) -> float:
    return float(_FLOAT.unpack(raw)[0])


_SCALARS: Mapping[int, tuple[FieldType, int, Callable[[Any], Any]]] = {
    1: ("bytes", _LENGTH, bytes),
    2: ("string", _LENGTH, _text),
    3: ("int32", _VARINT, _signed),
    4: ("int64", _VARINT, _signed),
    5: ("float64", _EIGHT, _double),
    6: ("float32", _FOUR, _float),
    7: ("bool", _VARINT, bool),
    8: ("timestamp", _VARINT, _moment),
}
"""Number of the field in `Value` -> its type, its wire type, and what it is made into."""


class Unreadable(ValueError):
    """Bytes that are no value, or one of a kind that is not answered here."""


def value_of(raw: bytes) -> tuple[FieldType | None, Value]:
    """Return the type and the value in bytes; both None for a null, which is stored as no bytes.

    Raises:
        Unreadable: maps, sets, JSON and other kinds are not answered; or it is no value.
    """
    if not raw:
        return None, None
    try:
        parts = list(_parts(raw))
        ((number, kind, held),) = parts  # one of its kinds, once
        if number == _NULL:
            return None, None
        if (scalar := _SCALARS.get(number)) and scalar[1] == kind:
            return scalar[0], scalar[2](held)
        element, expected, made = _SCALARS[number - _LISTS]
        if kind == _LENGTH:
            listed = f"{element}_list"
            return listed, [made(e) for e in _elements(held, expected)]  # type: ignore[return-value] # mypy does not join literals
    except (IndexError, KeyError, ValueError, OverflowError, struct.error) as error:
        raise Unreadable(f"{raw[:20].hex()} is no value that is answered here") from error
    raise Unreadable(f"{raw[:20].hex()} is no value that is answered here")


def _elements(raw: bytes, kind: int) -> Iterator[Any]:
    """Yield the elements of a list message: packed numbers, or texts one by one."""
    for number, found, held in _parts(raw):
        if number == 1 and found == kind:
            yield held
        elif number != 1 or found != _LENGTH:
            raise Unreadable("a list of something else")
        elif kind == _VARINT:
            start = 0
            while start < len(held):
                element, start = read_varint(held, start)
                yield element
        else:
            size = _DOUBLE.size if kind == _EIGHT else _FLOAT.size
            yield from (held[at : at + size] for at in range(0, len(held), size))


def _parts(raw: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and content of each field of a message."""
    start = 0
    while start < len(raw):
        tag, start = read_varint(raw, start)
        kind = tag & 7
        if kind == _VARINT:
            held, start = read_varint(raw, start)
            yield tag >> 3, kind, held
            continue
        size = {_EIGHT: 8, _FOUR: 4}.get(kind)
        if size is None:
            if kind != _LENGTH:
                raise Unreadable("an unknown wire type")
            size, start = read_varint(raw, start)
        if start + size > len(raw):
            raise Unreadable("it ends too early")
        yield tag >> 3, kind, raw[start : start + size]
        start += size


def read_varint(raw: bytes, start: int) -> tuple[int, int]:
    """Return a varint, and where it ends."""
    number = shift = 0
    while True:
        byte = raw[start]
        start += 1
        number |= (byte % _MORE) << shift
        if byte < _MORE:
            return number, start
        shift += 7
