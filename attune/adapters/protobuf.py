"""Protobuf messages of Feast 0.67 that every row has: `Value` with bytes, and `Timestamp`.

Golden bytes: `tests/golden/test_feast_bytes.py`; what Feast itself puts into a `Value`: `values`.
"""

from typing import Final

from librt.strings import BytesWriter
from mypy_extensions import i64

from attune.adapters.values import read_varint

BYTES: Final = 0x0A
"""First byte of a `Value` that holds bytes; their length follows."""
MORE: Final = 0x80
"""In a varint: another byte follows."""
_SECONDS: Final = 0x08  # in a timestamp, before whole seconds
_NANOSECONDS: Final = 0x10
_BEYOND: Final = 1 << 64


def bytes_value(raw: bytes) -> bytes:
    """Return a `feast.types.Value` that holds bytes."""
    return value_head(len(raw)) + raw


def value_head(length: int) -> bytes:
    """Return what stands before so many bytes in a `feast.types.Value`."""
    out = BytesWriter()
    out.append(BYTES)
    _put_varint(length, out)
    return out.getvalue()


def bytes_of_value(value: bytes) -> bytes:
    """Return the bytes in a `feast.types.Value`.

    Raises:
        ValueError: it holds something else.
    """
    if value[:1] != b"\x0a":
        raise ValueError("not a bytes value")
    length, start = read_varint(value, 1)
    return value[start : start + length]


def timestamp(ms: i64) -> bytes:
    """Return a `google.protobuf.Timestamp`, not before 1970; zero parts are left out."""
    if ms < 0:
        raise ValueError(f"{ms} ms is before 1970")
    out = BytesWriter()
    seconds, rest = ms // 1000, ms % 1000
    if seconds:
        out.append(_SECONDS)
        _put_varint(seconds, out)
    out.write(_MILLISECONDS[rest])
    return out.getvalue()


def ms_of_timestamp(raw: bytes) -> int:
    """Return milliseconds of a `google.protobuf.Timestamp`."""
    found = {_SECONDS: 0, _NANOSECONDS: 0}
    start = 0
    while start < len(raw):
        tag = raw[start]
        found[tag], start = read_varint(raw, start + 1)
    seconds = found[_SECONDS]
    if seconds >= _BEYOND >> 1:  # before 1970
        seconds -= _BEYOND
    return seconds * 1000 + found[_NANOSECONDS] // 1_000_000


def _put_varint(number: i64, out: BytesWriter) -> None:
    while number >= MORE:
        out.append(number & MORE - 1 | MORE)
        number >>= 7
    out.append(number)


def _milliseconds(ms: i64) -> bytes:
    out = BytesWriter()
    if ms:
        out.append(_NANOSECONDS)
        _put_varint(ms * 1_000_000, out)
    return out.getvalue()


_MILLISECONDS: Final = [_milliseconds(ms) for ms in range(1000)]
