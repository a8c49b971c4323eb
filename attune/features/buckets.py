"""Ticks in bytes: the newest bucket, which others have something in them, and column by column."""

from itertools import compress
from typing import Any, Final

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from attune.features.codec import Codec
from attune.features.columns import loosened, table_unpacked, write_table
from attune.features.feature import MINUTE, CorruptState
from attune.features.ticks import Scale, Ticks
from attune.unsigned import put_u32, put_u48, u32, u48

_BYTE: Final = 256
_LOW: Final = 255
_MINUTES: Final = 4
"""Bytes of the newest bucket, if it is of a minute or longer: enough until the year 10136."""
_MILLISECONDS: Final = 6
"""Bytes of shorter ones: until 10889."""
_BITS: Final[tuple[u8, ...]] = (128, 64, 32, 16, 8, 4, 2, 1)
_FEW: Final = 16  # buckets that are told by their places, a byte each


class Buckets(Codec):
    """Packs the ticks of a scale."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self._places = scale.places
        self._few = _FEW if self._places <= _BYTE else 0
        self._size = _MINUTES if scale.step >= MINUTE else _MILLISECONDS
        self._head = self._size + (scale.columns + 7 >> 3)

    def empty(self) -> Ticks:
        """Nothing happened."""
        return self.scale.empty()

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Ticks`
        """Write the newest bucket, which buckets have something in them, and column by column.

        Few buckets are told by their places, more by a bit for each place there is.
        """
        ticks: Ticks = state
        count: i64 = len(ticks.places)
        if not count:
            return
        if self._size == _MINUTES:
            put_u32(out, ticks.newest)
        else:
            put_u48(out, ticks.newest)
        masks: i64 = len(out)
        for _ in range(self._head - self._size):
            out.append(0)
        if count <= self._few:
            out.append(count)
            for place in ticks.places:
                out.append(place)
        else:
            self._write_flags(ticks.places, out)
        mask = write_table(out, ticks.amounts, self.scale.columns)
        while mask:
            out[masks] = mask & _LOW
            masks += 1
            mask >>= 8

    def _write_flags(self, places: list[int], out: BytesWriter) -> None:
        """Write a bit for each place there is, behind the 0 that says so."""
        out.append(0)
        start: i64 = len(out)
        for _ in range(self._places + 7 >> 3):
            out.append(0)
        for each in places:
            place: i64 = each
            out[start + (place >> 3)] |= _BITS[place & 7]

    def opened(self, raw: bytes) -> tuple[int, int, list[int], int]:
        """Return the newest bucket, a bit for each column, the places, and where columns begin.

        Raises:
            LookupError, ValueError: the bytes are no ticks.
        """
        newest = u32(raw, 0) if self._size == _MINUTES else u48(raw, 0)
        start = self._head
        mask, count = raw[self._size], raw[start]
        for place in range(self._size + 1, start):
            mask |= raw[place] << 8 * (place - self._size)
        start += 1
        if count:
            end = start + count
            places = _ascending(raw[start:end])
        else:
            flags, end = loosened(raw, start, self._places, 1)
            places = list(compress(range(self._places), flags))
        if not places or places[-1] >= self._places:
            raise CorruptState(f"{len(raw)} bytes of buckets")
        return newest, mask, places, end

    def unpack(self, raw: bytes) -> Ticks:
        """Return the ticks in packed bytes."""
        newest, mask, places, start = self.opened(raw)
        amounts, end = table_unpacked(raw, start, len(places), self.scale.columns, mask)
        if end != len(raw):
            raise CorruptState(f"{len(raw)} bytes of buckets")
        return Ticks(newest, places, amounts)


def _ascending(places: bytes) -> list[int]:
    before = -1
    for place in places:
        if place <= before:
            raise CorruptState("buckets that are not in order")
        before = place
    return list(places)
