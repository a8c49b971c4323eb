"""How the states of a feature come into the bytes of its view: behind what was written before."""

from collections.abc import Callable
from typing import Any

from librt.strings import BytesWriter
from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Packer:
    """Writes states of one feature; a class, so that calls of a compiled one cost next to nothing.

    Equal states give equal bytes, the empty one none.
    """

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - of any type
        """Write a state."""
        raise NotImplementedError

    def packed(self, state: Any) -> bytes:  # noqa: ANN401 - as above
        """Return the bytes of a state alone."""
        out = BytesWriter()
        self.pack_into(state, out)
        return out.getvalue()


class Asking(Packer):
    """Asks the feature itself."""

    def __init__(self, pack: Callable[[Any], bytes]) -> None:
        self._pack = pack

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - as above
        """Write what it says."""
        out.write(self._pack(state))
