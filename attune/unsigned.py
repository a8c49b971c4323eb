"""Numbers without a sign in stored bytes, the least byte first.

The compiler's own functions know numbers with one, and take the others for negative. No number is
converted by name here (`u8(number)`): that costs nothing compiled, and a lot interpreted.
"""

from typing import Final

from librt.strings import BytesWriter, read_i16_le, read_i32_le, write_i16_le, write_i32_le
from mypy_extensions import i64

_U8: Final = 0xFF
_I16: Final = 0x7FFF
_U16: Final = 0xFFFF
_I32: Final = 0x7FFF_FFFF
_U32: Final = 0xFFFF_FFFF
_BITS: Final = 32  # of the lower four bytes of six


def put_u8(out: BytesWriter, number: int) -> None:
    """Write one byte.

    Raises:
        ValueError: the number does not fit.
    """
    if not 0 <= number <= _U8:
        raise _not_held(number, _U8)
    out.append(number)


def set_u8(out: BytesWriter, place: i64, number: int) -> None:
    """Put another byte where one was written.

    Raises:
        ValueError: the number does not fit.
    """
    if not 0 <= number <= _U8:
        raise _not_held(number, _U8)
    out[place] = number


def put_u16(out: BytesWriter, number: int) -> None:
    """Write two bytes.

    Raises:
        ValueError: the number does not fit.
    """
    if not 0 <= number <= _U16:
        raise _not_held(number, _U16)
    write_i16_le(out, number - _U16 - 1 if number > _I16 else number)


def set_u16(out: BytesWriter, place: i64, number: int) -> None:
    """Put two other bytes where two were written.

    Raises:
        ValueError: the number does not fit.
    """
    if not 0 <= number <= _U16:
        raise _not_held(number, _U16)
    out[place] = number & _U8
    out[place + 1] = number >> 8


def put_u32(out: BytesWriter, number: int) -> None:
    """Write four bytes.

    Raises:
        ValueError: the number does not fit.
    """
    if not 0 <= number <= _U32:
        raise _not_held(number, _U32)
    write_i32_le(out, number - _U32 - 1 if number > _I32 else number)


def put_u48(out: BytesWriter, number: int) -> None:
    """Write six bytes.

    Raises:
        ValueError: the number does not fit.
    """
    put_u32(out, number & _U32)
    put_u16(out, number >> _BITS)


def u16(raw: bytes, place: i64) -> i64:
    """Return the number in two bytes.

    Raises:
        IndexError: the bytes end before.
    """
    number: int = read_i16_le(raw, place)
    return number & _U16


def u32(raw: bytes, place: i64) -> i64:
    """Return the number in four bytes.

    Raises:
        IndexError: the bytes end before.
    """
    number: int = read_i32_le(raw, place)
    return number & _U32


def u48(raw: bytes, place: i64) -> i64:
    """Return the number in six bytes.

    Raises:
        IndexError: the bytes end before.
    """
    return u32(raw, place) | u16(raw, place + 4) << _BITS


def _not_held(number: int, most: int) -> ValueError:
    return ValueError(f"{number} is not a number from 0 to {most}")
