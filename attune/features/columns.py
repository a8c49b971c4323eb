"""Whole numbers in as few bits as the largest of them needs: what many states are made of.

A column is one byte that says how its numbers are written, then they themselves. How many there
are, its reader knows. Equal numbers give equal bytes.

Builtins write all numbers together, so that a column costs a microsecond, and not one a number:
numbers of 1, 2 and 4 bits are digits of one large integer in base 2, 4 and 16. Reading is a loop
where this is compiled, and else builtins as well.

A table is several columns as long as each other, row after row in memory and column after column in
bytes; a mask says which of them are there, for those of zeros alone are not.
"""

import struct
from typing import Final

import msgspec

from attune.features.feature import CorruptState
from attune.features.money import CENT

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
_UP_TO_1: Final = bytes(range(2))
_UP_TO_3: Final = bytes(range(4))
_UP_TO_15: Final = bytes(range(16))
_DIGITS: Final = b"0123456789abcdef".ljust(_BYTE)
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
_HEADS: Final = tuple(bytes((head,)) for head in range(_BYTE))
_SINGLE: Final = tuple(bytes((_EIGHT, number)) for number in range(_BYTE))
"""Columns of one number."""
_LENGTH: Final = struct.Struct("<H")
_FLAGS: Final = bytes(map(bool, range(_BYTE)))


def table_packed(table: list[int], columns: int) -> tuple[int, list[bytes]]:
    """Return the mask of a table, a bit a column from the lowest on, and its columns.

    What no 64 bits hold stops at the least or the largest that they do.
    """
    mask, bit = 0, 1
    parts: list[bytes] = []
    for column in range(columns):
        place = column
        while place < len(table) and not table[place]:
            place += columns
        if place < len(table):
            mask |= bit
            numbers = table[column::columns]
            try:
                parts.append(packed(numbers))
            except OverflowError:
                parts.append(packed([max(_LEAST, min(each, _LIMIT - 1)) for each in numbers]))
        bit <<= 1
    return mask, parts


def table_unpacked(
    raw: bytes, start: int, rows: int, columns: int, mask: int
) -> tuple[list[int], int]:
    """Return the table whose columns begin at `start`, and where they end.

    Raises:
        ValueError, LookupError, struct.error: it is none.
    """
    if mask >> columns:
        raise CorruptState("more columns than there are")
    table = [0] * (rows * columns)
    for column in range(columns):
        if mask >> column & 1:
            numbers, start = unpacked(raw, start, rows)
            table[column::columns] = numbers
    return table, start


def packed(numbers: list[int]) -> bytes:
    """Return a column of numbers.

    Raises:
        OverflowError: one is below `-2**63`, or not below `2**64`.
    """
    size = len(numbers)
    if size == 1 and 0 <= numbers[0] < _BYTE:
        return _SINGLE[numbers[0]]
    try:
        raw = bytes(numbers)
    except ValueError:  # not all are 0 to 255
        return _packed_wide(numbers)
    if not raw.translate(None, _UP_TO_1):
        return b"\x01" + squeezed(raw, 1) if any(raw) else b"\0"
    if not raw.translate(None, _UP_TO_3):
        bits = 2
    elif not raw.translate(None, _UP_TO_15):
        bits = 4
    else:
        bits = 8
    if raw.count(0) * bits > size + _WORTH_IT:  # bits that the zeros take, and that flags do
        held = raw.replace(b"\0", b"")
        flags = squeezed(raw.translate(_FLAGS), 1)
        return _HEADS[_SPARSE | bits] + flags + (held if bits == _EIGHT else squeezed(held, bits))
    return _HEADS[bits] + (raw if bits == _EIGHT else squeezed(raw, bits))


def _packed_wide(numbers: list[int]) -> bytes:
    held, head, flags = [number for number in numbers if number], _WIDE, b""
    if zeros := len(numbers) - len(held):
        if (zeros - 2) << 3 > len(numbers):
            head |= _SPARSE
            flags = squeezed(bytes([1 if number else 0 for number in numbers]), 1)
        else:
            held = list(numbers)
    if not _LEAST <= min(held) <= max(held) < _LIMIT:
        raise OverflowError("64 bits do not hold it")
    if not any([number % CENT for number in held]):  # noqa: C419 - a list is faster
        held = [number // CENT for number in held]
        head |= _CENTS
    if 0 <= min(held) <= max(held) < _PAIR:
        raw = struct.pack(f"<{len(held)}H", *held)
        return _HEADS[head & ~_WIDE | _PAIRS] + flags + raw
    raw = _ENCODER.encode(held)
    return _HEADS[head] + flags + _LENGTH.pack(len(raw)) + raw


def unpacked(raw: bytes, start: int, count: int) -> tuple[list[int], int]:
    """Return the numbers of the column that begins at `start`, and where the next one does.

    Raises:
        ValueError, LookupError, struct.error: it is none.
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
        (length,) = _LENGTH.unpack_from(raw, start)
        start += _LENGTH.size
        end = start + length
        numbers = _DECODER.decode(raw[start:end])
    elif head & _EIGHT:
        end = start + count
        numbers = list(raw[start:end])
    else:
        return loosened(raw, start, count, head & _FEWER)
    if len(numbers) != count:
        raise CorruptState(f"{len(numbers)} numbers instead of {count}")
    return [number * CENT for number in numbers] if head & _CENTS else numbers, end


def squeezed(raw: bytes, bits: int) -> bytes:
    """Return numbers below `2**bits` (1, 2 or 4 bits), one a byte, in so many bits each."""
    size = (len(raw) * bits + 7) >> 3
    digits = raw.translate(_DIGITS).ljust(8 * size // bits, b"0")
    return int(digits or b"0", 1 << bits).to_bytes(size, "big")


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
