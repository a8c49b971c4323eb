"""Numbers without a sign in stored bytes, the least byte first.

The compiler's own functions know numbers with one, and take the others for negative.
"""

from typing import Final

from librt.strings import BytesWriter, read_i16_le, read_i32_le, write_i16_le, write_i32_le
from mypy_extensions import i16, i32, i64, u8

_U8: Final = 0xFF
_I16: Final = 0x7FFF
_U16: Final = 0xFFFF
_I32: Final = 0x7FFF_FFFF
_U32: Final = 0xFFFF_FFFF


def put_u8(out: BytesWriter, number: i64) -> None:
    """Write one byte.

    Raises:
        ValueError: the number does not fit.
    """
    _fits(number, _U8)
    out.append(u8(number))


def set_u8(out: BytesWriter, place: i64, number: i64) -> None:
    """Put another byte where one was written.

    Raises:
        ValueError: the number does not fit.
    """
    _fits(number, _U8)
    out[place] = u8(number)


def put_u16(out: BytesWriter, number: i64) -> None:
    """Write two bytes.

    Raises:
        ValueError: the number does not fit.
    """
    _fits(number, _U16)
    write_i16_le(out, i16(number - _U16 - 1 if number > _I16 else number))


def set_u16(out: BytesWriter, place: i64, number: i64) -> None:
    """Put two other bytes where two were written.

    Raises:
        ValueError: the number does not fit.
    """
    _fits(number, _U16)
    out[place] = u8(number & _U8)
    out[place + 1] = u8(number >> 8)


def put_u32(out: BytesWriter, number: i64) -> None:
    """Write four bytes.

    Raises:
        ValueError: the number does not fit.
    """
    _fits(number, _U32)
    write_i32_le(out, i32(number - _U32 - 1 if number > _I32 else number))


def u16(raw: bytes, place: i64) -> i64:
    """Return the number in two bytes.

    Raises:
        IndexError: the bytes end before.
    """
    return i64(read_i16_le(raw, place)) & _U16


def u32(raw: bytes, place: i64) -> i64:
    """Return the number in four bytes.

    Raises:
        IndexError: the bytes end before.
    """
    return i64(read_i32_le(raw, place)) & _U32


def _fits(number: i64, most: i64) -> None:
    if number < 0 or number > most:
        raise ValueError(f"{number} is not a number from 0 to {most}")
