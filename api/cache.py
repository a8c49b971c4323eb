"""A cache that is full of what is asked for again, not of what somebody asked for once."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from api.bounded import Bounded

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_TRIED = 4
"""One part in four is for values that were not asked for a second time yet."""


class Cache(Generic[Key, Value]):
    """At most so many values and so many bytes, as their givers say.

    A value begins on trial, and stays for good when it is asked for again. Those on trial push out
    each other only: a flood of new ones never touches what is in use.
    """

    def __init__(self, count: int, size: int) -> None:
        tried = size // _TRIED
        self._trial: Bounded[Key, Value] = Bounded(max(1, count // _TRIED), tried)
        self._kept: Bounded[Key, Value] = Bounded(max(1, count - count // _TRIED), size - tried)

    def get(self, key: Key) -> Value | None:
        """Return a value, or nothing."""
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        found = self._trial.take(key)
        if found is None:
            return None
        self._kept.put(key, *found)
        return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a new value, of so many bytes; not one that alone is too large."""
        self._trial.put(key, value, size)

    def kept(self) -> list[Key]:
        """Return the keys of what was asked for again, the longest unused first."""
        return list(self._kept)

    def __len__(self) -> int:
        return len(self._trial) + len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of everything in it."""
        return self._trial.weight + self._kept.weight
