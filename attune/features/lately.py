"""The names that were met last, in their order; apart from `interest`, so that it is compiled."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec
from librt.strings import BytesWriter

from attune.features.feature import SECOND, Value
from attune.features.naming import Noted

Times: TypeAlias = dict[str, int]
"""Name -> second of its latest event, the oldest first; of equal ones the last name first."""


class Lately(Noted):
    """Keeps the `keep` newest names."""

    def __init__(self, keep: int) -> None:
        self._keep = keep

    def note(self, state: Any, names: Sequence[str], at: int) -> Times:  # noqa: ANN401 - `Times`
        """Put names behind the others, or where they belong if they come late."""
        times: Times = state
        at //= SECOND
        for name in names:
            if at > times.get(name, -1):
                times.pop(name, None)
                newest = times[next(reversed(times))] if times else -1
                times[name] = at
                if at <= newest:
                    times = _ordered(times)
        return self._newest(times)

    def merge(self, ours: Times, theirs: Times) -> Times:
        """Keep the newest of both."""
        for name, at in theirs.items():
            ours[name] = max(at, ours.get(name, at))
        return self._newest(_ordered(ours))

    def empty(self) -> Times:
        """Nothing met."""
        return {}

    def unpack(self, raw: bytes) -> Times:
        """Return the names in packed bytes.

        Raises:
            ValueError: they are none.
        """
        newest, ago = _DECODER.decode(raw)
        return {name: newest - seconds for name, seconds in ago.items()}

    def pack_into(self, state: Any, out: BytesWriter) -> None:  # noqa: ANN401 - `Times`
        """Write as MessagePack: the latest second, and the seconds from each until then."""
        times: Times = state
        if not times:
            return
        newest = times[next(reversed(times))]
        out.write(_ENCODER.encode((newest, {name: newest - at for name, at in times.items()})))

    def _newest(self, state: Times) -> Times:
        while len(state) > self._keep:
            del state[next(iter(state))]
        return state


def _ordered(times: Times) -> Times:
    names = sorted(times, reverse=True)
    names.sort(key=times.__getitem__)
    return {name: times[name] for name in names}


def read(raw: bytes, now: int) -> tuple[Value, ...]:  # noqa: ARG001 - ageless
    """Return the names in packed bytes, which may be none, the newest first."""
    return ([*reversed(_DECODER.decode(raw)[1])] if raw else [],)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(tuple[int, dict[str, int]])
