"""Whole numbers in as few bits as the largest of them needs: what many states are made of.

A column is one byte that says how its numbers are written, then they themselves. How many there
are, its reader knows. Equal numbers give equal bytes.

Numbers of 1, 2 and 4 bits begin in the highest of a byte. Reading is a loop where this is compiled,
and else builtins that do all numbers at once.

A table is several columns as long as each other, row after row in memory and column after column in
bytes; a mask says which of them are there, for those of zeros alone are not.
"""

from typing import Final

import msgspec
from librt.strings import BytesWriter
from mypy_extensions import i64

from attune.features.feature import CorruptState
from attune.features.money import CENT
from attune.unsigned import put_u16, u16

# The first byte. 0 is a column of zeros, 1, 2 and 4 are so many bits of a number, 8 is a byte.
_SPARSE: Final = 0x10  # only the numbers that are not 0 follow, behind a bit for each
_WIDE: Final = 0x20  # numbers as MessagePack, behind the length of that
_CENTS: Final = 0x40  # divided by CENT
_PAIRS: Final = 0x80  # two bytes a number
_PAIR: Final = 1 << 16
_TWO: Final = 2
_EIGHT: Final = 8
_FEWER: Final = 7
_WORTH_IT: Final = 16  # bits that are to be saved where only some numbers stand there

_BYTE: Final = 256
_UP_TO_2_BITS: Final = 3
_UP_TO_4_BITS: Final = 15
_LOOSE: Final = {
    bits: tuple(
        bytes(byte >> shift & (1 << bits) - 1 for shift in range(8 - bits, -1, -bits))
        for byte in range(_BYTE)
    )
    for bits in (1, 2, 4)
}
"""By bits and byte: the numbers in it, the first in the highest bits."""
_LOOPS: Final = not __file__.endswith(".py")
"""Whether this is compiled: then a loop over numbers is fastest, else what builtins do at once."""
_LEAST: Final = -(1 << 63)
_LIMIT: Final = 1 << 64


def write_table(out: BytesWriter, table: list[int], columns: int) -> int:
    """Write the columns of a table; return its mask, a bit a column from the lowest on.

    What no 64 bits hold stops at the least or the largest that they do.
    """
    mask, bit = 0, 1
    size: i64 = len(table)
    step: i64 = columns
    for column in range(columns):
        place: i64 = column
        while place < size and not table[place]:
            place += step
        if place < size:
            mask |= bit
            try:
                write_column(out, table, column, step)
            except OverflowError:
                held = table[column::columns]
                write_column(out, [max(_LEAST, min(each, _LIMIT - 1)) for each in held], 0, 1)
        bit <<= 1
    return mask


def table_unpacked(
    raw: bytes, start: int, rows: int, columns: int, mask: int
) -> tuple[list[int], int]:
    """Return the table whose columns begin at `start`, and where they end.

    Raises:
        ValueError, LookupError: it is none.
    """
    if mask >> columns:
        raise CorruptState("more columns than there are")
    table = [0] * (rows * columns)
    for column in range(columns):
        if mask >> column & 1:
            numbers, start = unpacked(raw, start, rows)
            table[column::columns] = numbers
    return table, start


def write_column(out: BytesWriter, numbers: list[int], first: i64, step: i64) -> None:
    """Write every `step`th of the numbers as a column; at least one.

    Raises:
        OverflowError: one is below `-2**63`, or not below `2**64`; nothing is written then.
    """
    size: i64 = len(numbers)
    count: i64 = 0
    zeros: i64 = 0
    largest: i64 = 0
    at = first
    while at < size:
        number = numbers[at]
        if not 0 <= number < _BYTE:
            _write_wide(out, numbers[first::step])
            return
        narrow: i64 = number
        if not narrow:
            zeros += 1
        largest = max(largest, narrow)
        count += 1
        at += step
    if count == 1:
        out.append(_EIGHT)
        out.append(largest)
        return
    if largest <= 1:
        out.append(largest)
        if largest:
            _squeeze(out, numbers, first, step, 1)
        return
    bits: i64 = 2 if largest <= _UP_TO_2_BITS else 4 if largest <= _UP_TO_4_BITS else 8
    if zeros * bits > count + _WORTH_IT:  # bits that the zeros take, and that flags do
        each = numbers[first::step]
        out.append(_SPARSE | bits)
        _write_flags(out, each)
        _squeeze(out, [number for number in each if number], 0, 1, bits)
    else:
        out.append(bits)
        _squeeze(out, numbers, first, step, bits)


def _squeeze(out: BytesWriter, numbers: list[int], first: i64, step: i64, bits: i64) -> None:
    """Write every `step`th of the numbers in so many bits, which hold each."""
    size: i64 = len(numbers)
    byte: i64 = 0
    left: i64 = 8
    at = first
    while at < size:
        number: i64 = numbers[at]
        left -= bits
        byte |= number << left
        if not left:
            out.append(byte)
            byte = 0
            left = 8
        at += step
    if left < 8:  # noqa: PLR2004 - bits of a byte
        out.append(byte)


def _write_flags(out: BytesWriter, numbers: list[int]) -> None:
    """Write a bit for each number that is not 0."""
    _squeeze(out, [1 if number else 0 for number in numbers], 0, 1, 1)


def _write_wide(out: BytesWriter, numbers: list[int]) -> None:
    held, head, sparse = [number for number in numbers if number], _WIDE, False
    if zeros := len(numbers) - len(held):
        sparse = (zeros - 2) << 3 > len(numbers)
        if not sparse:
            held = list(numbers)
    if not _LEAST <= min(held) <= max(held) < _LIMIT:
        raise OverflowError("64 bits do not hold it")
    if not any([number % CENT for number in held]):  # noqa: C419 - a list is faster
        held = [number // CENT for number in held]
        head |= _CENTS
    pairs = 0 <= min(held) <= max(held) < _PAIR
    out.append((head & ~_WIDE | _PAIRS if pairs else head) | (_SPARSE if sparse else 0))
    if sparse:
        _write_flags(out, numbers)
    if pairs:
        for number in held:
            put_u16(out, number)
    else:
        raw = _ENCODER.encode(held)
        put_u16(out, len(raw))
        out.write(raw)


def unpacked(raw: bytes, start: int, count: int) -> tuple[list[int], int]:
    """Return the numbers of the column that begins at `start`, and where the next one does.

    Raises:
        ValueError, LookupError: it is none.
    """
    head = raw[start]
    start += 1
    if not head:
        return [0] * count, start
    if not head & _SPARSE:
        return _held(raw, start, count, head)
    flags, start = loosened(raw, start, count, 1)
    numbers, end = _held(raw, start, flags.count(1), head)
    at = 0
    for place in range(count):
        if flags[place]:
            flags[place] = numbers[at]
            at += 1
    return flags, end


def _held(raw: bytes, start: int, count: int, head: int) -> tuple[list[int], int]:
    """Return so many numbers in the form that the head says, and where they end."""
    if head & _PAIRS:
        end = start + 2 * count
        if len(raw) < end:
            raise CorruptState("a column that is cut off")
        numbers = [raw[place] | raw[place + 1] << 8 for place in range(start, end, 2)]
    elif head & _WIDE:
        end = start + 2 + u16(raw, start)
        start += 2
        numbers = _DECODER.decode(raw[start:end])
    elif head & _EIGHT:
        end = start + count
        numbers = list(raw[start:end])
    else:
        return loosened(raw, start, count, head & _FEWER)
    if len(numbers) != count:
        raise CorruptState(f"{len(numbers)} numbers instead of {count}")
    return [number * CENT for number in numbers] if head & _CENTS else numbers, end


def loosened(raw: bytes, start: int, count: int, bits: int) -> tuple[list[int], int]:
    """Return so many numbers that were squeezed, and where they end.

    Raises:
        CorruptState: there are less, or they cannot be of so many bits.
    """
    end = start + ((count * bits + 7) >> 3)
    if len(raw) < end:
        raise CorruptState("a column that is cut off")
    if bits not in _LOOSE:
        raise CorruptState(f"numbers of {bits} bits")
    if not _LOOPS:
        return list(b"".join(map(_LOOSE[bits].__getitem__, raw[start:end]))[:count]), end
    byte = 3 if bits == 1 else 2 if bits == _TWO else 1  # how far to shift a place to its byte
    inside, most = (1 << byte) - 1, (1 << bits) - 1
    found = [0] * count
    for place in range(count):
        held = raw[start + (place >> byte)]
        found[place] = held >> bits * (inside - (place & inside)) & most
    return found, end


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[int])
