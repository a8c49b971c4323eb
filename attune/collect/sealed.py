"""JSON objects that stay as they came until somebody looks into them; of most, nobody does.

Parsing `properties` and `context` is more than half of what it takes to read an event, and letting
go of them half of the rest.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any

import msgspec
from msgspec import Raw

EMPTY = Raw()
"""Of an object without any members: it is left out."""

_FIRST = Struct("B").unpack_from
_BRACE = ord("{")


def sealed(members: Mapping[str, Any]) -> Raw:
    """Return an object as JSON."""
    return Raw(msgspec.json.encode(members)) if members else EMPTY


def is_object(raw: Raw) -> bool:
    """Say whether valid JSON is an object."""
    return not raw or bool(_FIRST(raw)[0] == _BRACE)


class Opening:
    """Parses what is in JSON. The last one is kept: several features look into the same event."""

    def __init__(self) -> None:
        self._last: tuple[Raw, dict[str, Any]] = EMPTY, {}

    def __call__(self, raw: Raw) -> dict[str, Any]:
        """Return the object; others may be given the same one, so nobody may change it.

        Raises:
            msgspec.DecodeError: it has a number that nothing can hold, such as 1e999.
        """
        last, members = self._last
        if raw is not last:
            members = msgspec.json.decode(raw) if raw else {}
            self._last = raw, members
        return members
