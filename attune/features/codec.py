"""How states begin, come into the bytes of their view, and back.

They are written one behind the other with a BytesWriter, which a compiler turns into a few
instructions a number.
"""

from collections.abc import Callable
from typing import Any, Final

from librt.strings import BytesWriter, read_i16_le, read_i32_le, write_i16_le, write_i32_le
from mypy_extensions import i16, i32, i64, mypyc_attr, u8


@mypyc_attr(acyclic=True)
class Codec:
    """States of one feature; a class, because calls of compiled ones cost next to nothing.

    Equal states give equal bytes, the empty one none.
    """

    def empty(self) -> Any:  # noqa: ANN401 - of any type
        """Return the state of an entity of which nothing is known."""
        raise NotImplementedError

    def unpack(self, raw: bytes) -> Any:  # noqa: ANN401 - as above
        """Return the state in bytes that are not empty.

        Raises:
            CorruptState, or any other of NOT_A_STATE: the bytes are not a state.
        """
        raise NotImplementedError

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - as above
        """Write a state."""
        raise NotImplementedError

    def packed(self, state: Any) -> bytes:  # noqa: ANN401 - as above
        """Return the bytes of a state alone."""
        out = BytesWriter()
        self.pack_into(state, out)
        return out.getvalue()


@mypyc_attr(acyclic=True)
class Asking(Codec):
    """Asks the feature itself."""

    def __init__(
        self,
        empty: Callable[[], Any],
        pack: Callable[[Any], bytes],
        unpack: Callable[[bytes], Any],
    ) -> None:
        self._empty = empty
        self._pack = pack
        self._unpack = unpack

    def empty(self) -> Any:  # noqa: ANN401 - as above
        """Return what it says."""
        return self._empty()

    def unpack(self, raw: bytes) -> Any:  # noqa: ANN401 - as above
        """Return what it says."""
        return self._unpack(raw)

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - as above
        """Write what it says."""
        out.write(self._pack(state))


_MOST_16: Final = (1 << 16) - 1
_MOST_32: Final = (1 << 32) - 1


def write_u16(out: BytesWriter, number: i64) -> None:
    """Write two bytes.

    Raises:
        OverflowError: they do not hold the number.
    """
    if not 0 <= number <= _MOST_16:
        raise OverflowError(f"{number} in two bytes")
    write_i16_le(out, i16(number - (1 << 16) if number >> 15 else number))


def set_u16(out: BytesWriter, at: i64, number: i64) -> None:
    """Put a number where `write_u16` has kept its place.

    Raises:
        OverflowError: two bytes do not hold it.
    """
    if not 0 <= number <= _MOST_16:
        raise OverflowError(f"{number} in two bytes")
    out[at] = u8(number & 0xFF)
    out[at + 1] = u8(number >> 8)


def write_u32(out: BytesWriter, number: i64) -> None:
    """Write four bytes.

    Raises:
        OverflowError: they do not hold the number.
    """
    if not 0 <= number <= _MOST_32:
        raise OverflowError(f"{number} in four bytes")
    write_i32_le(out, i32(number - (1 << 32) if number >> 31 else number))


def read_u16(raw: bytes, at: i64) -> i64:
    """Return the number in two bytes.

    Raises:
        IndexError: they are not there.
    """
    return i64(read_i16_le(raw, at)) & _MOST_16


def read_u32(raw: bytes, at: i64) -> i64:
    """Return the number in four bytes.

    Raises:
        IndexError: they are not there.
    """
    return i64(read_i32_le(raw, at)) & _MOST_32
