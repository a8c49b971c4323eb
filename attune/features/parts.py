"""The packed states of a view in one piece: a head, the length of each, then they themselves."""

import struct
from collections.abc import Sequence
from functools import cache
from typing import Final, TypeAlias

from attune.features.feature import CorruptState

Parts: TypeAlias = list[bytes]
"""Packed states, in the order of their features."""

_MAGIC: Final = 0xA7
"""First byte of every state. Feast's `apply` calls a view's function with random bytes, and those
must read as the empty state (reference: Feast 0.67, `on_demand_feature_view.py`)."""

_WIDE: Final = 0xA8
"""First byte where a part has 256 bytes or more: lengths are four bytes each then."""

_HEAD: Final = struct.Struct("<Q")
_HEAD_SIZE: Final = 8
_AS_OF: Final = 16
"""The head as one number: first byte, version, and above these bits the time of the latest event,
ms since 1970: enough until the year 10889."""

_NARROW: Final = 256


def joined(version: int, parts: Sequence[bytes], as_of: int) -> bytes:
    """Return packed states of a view in one piece, with the time of the latest event."""
    lengths: list[int] = []
    longest = 0
    for part in parts:
        length = len(part)
        lengths.append(length)
        longest = max(longest, length)
    if longest >= _NARROW:
        head = _HEAD.pack(as_of << _AS_OF | version << 8 | _WIDE)
        return b"".join([head, _lengths(len(lengths)).pack(*lengths), *parts])
    head = (as_of << _AS_OF | version << 8 | _MAGIC).to_bytes(_HEAD_SIZE, "little")
    return b"".join([head, bytes(lengths), *parts])


def split(version: int, count: int, raw: bytes) -> Parts:
    """Return the packed states in stored bytes.

    Raises:
        CorruptState: they are not `count` states in this version.
    """
    start = _HEAD.size + count
    if len(raw) < start or raw[1] != version or raw[0] not in (_MAGIC, _WIDE):
        raise CorruptState("does not begin as it should")
    lengths: Sequence[int] = raw[_HEAD.size : start]
    if raw[0] == _WIDE:
        layout = _lengths(count)
        start = _HEAD.size + layout.size
        if len(raw) < start or max(lengths := layout.unpack_from(raw, _HEAD.size)) < _NARROW:
            raise CorruptState("does not begin as it should")
    parts = []
    for length in lengths:
        parts.append(raw[start : start + length])
        start += length
    if start != len(raw):
        raise CorruptState(f"{len(raw)} bytes instead of {start}")
    return parts


def as_of(raw: bytes) -> int:
    """Return the time of the latest event in stored bytes, ms since 1970; 0 if there is none."""
    return int.from_bytes(raw[2 : _HEAD.size], "little")


@cache
def _lengths(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")
