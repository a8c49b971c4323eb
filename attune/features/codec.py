"""How states begin, come into the bytes of their view, and back.

They are written one behind the other with a BytesWriter, which a compiler turns into a few
instructions a number.
"""

from collections.abc import Callable
from typing import Any

from librt.strings import BytesWriter
from mypy_extensions import mypyc_attr


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
