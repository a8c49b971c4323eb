"""The packed states of a view in one piece: a head, the length of each, then they themselves."""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Final, TypeAlias

from librt.strings import BytesWriter
from mypy_extensions import i64

from attune.features.feature import CorruptState
from attune.unsigned import put_u48, u48

Parts: TypeAlias = list[bytes]
"""Packed states, in the order of their features."""

_MAGIC: Final = 0xA7
"""First byte of every state. Feast's `apply` calls a view's function with random bytes, and those
must read as the empty state (reference: Feast 0.67, `on_demand_feature_view.py`)."""

_WIDE: Final = 0xA8
"""First byte where a part has 256 bytes or more: lengths are four bytes each then."""

HEAD_SIZE: Final = 8
"""First byte, version, and in six bytes the time of the latest event, ms since 1970: enough until
the year 10889."""

NARROW: Final = 256
"""Bytes of a part: all have less, or lengths are wide."""


def begin(out: BytesWriter, version: int, count: int, as_of: int) -> None:
    """Write a head, and a byte for the length of each narrow part, which is still to be set.

    Raises:
        ValueError: six bytes do not hold the time.
    """
    _put_head(out, _MAGIC, version, as_of)
    for _ in range(count):
        out.append(0)


def joined(version: int, parts: Sequence[bytes], as_of: int) -> bytes:
    """Return packed states of a view in one piece, with the time of the latest event.

    Raises:
        ValueError: as `begin` does.
    """
    out = BytesWriter()
    lengths = [len(part) for part in parts]
    if max(lengths) >= NARROW:
        _put_head(out, _WIDE, version, as_of)
        out.write(_lengths(len(lengths)).pack(*lengths))
    else:
        _put_head(out, _MAGIC, version, as_of)
        out.write(bytes(lengths))
    for part in parts:
        out.write(part)
    return out.getvalue()


def _put_head(out: BytesWriter, first: int, version: int, as_of: int) -> None:
    out.append(first)
    out.append(version)
    put_u48(out, as_of)


def split(version: int, count: int, raw: bytes) -> Parts:
    """Return the packed states in stored bytes.

    Raises:
        CorruptState: they are not `count` states in this version.
    """
    check(version, count, raw)
    start: i64 = HEAD_SIZE + count
    lengths: Sequence[int] = raw[HEAD_SIZE:start]
    if raw[0] == _WIDE:
        layout = _lengths(count)
        start = HEAD_SIZE + layout.size
        lengths = layout.unpack_from(raw, HEAD_SIZE)
    parts: Parts = []
    for length in lengths:
        parts.append(raw[start : start + length])
        start += length
    return parts


def check(version: int, count: int, raw: bytes) -> None:
    """See that `split` and `part` can take stored bytes apart.

    Raises:
        CorruptState: they are not `count` states in this version.
    """
    size: i64 = len(raw)
    end: i64 = HEAD_SIZE + count
    if size < end or raw[1] != version or raw[0] not in (_MAGIC, _WIDE):
        raise CorruptState("does not begin as it should")
    if raw[0] == _WIDE:
        layout = _lengths(count)
        end = HEAD_SIZE + layout.size
        if size < end or max(lengths := layout.unpack_from(raw, HEAD_SIZE)) < NARROW:
            raise CorruptState("does not begin as it should")
        end += sum(lengths)
    else:
        for place in range(HEAD_SIZE, HEAD_SIZE + count):
            end += raw[place]
    if end != size:
        raise CorruptState(f"{size} bytes instead of {end}")


def part(raw: bytes, count: int, index: int) -> bytes:
    """Return one of the `count` packed states in bytes that were checked, or that are none."""
    if not raw:
        return b""
    if raw[0] == _WIDE:
        return split(raw[1], count, raw)[index]
    start = HEAD_SIZE + count
    for place in range(HEAD_SIZE, HEAD_SIZE + index):
        start += raw[place]
    return raw[start : start + raw[HEAD_SIZE + index]]


def as_of(raw: bytes) -> int:
    """Return the time of the latest event in stored bytes, ms since 1970; 0 if there is none."""
    return u48(raw, 2) if len(raw) >= HEAD_SIZE else 0


@cache
def _lengths(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")
