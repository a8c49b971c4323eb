"""A cache that is full of what is asked for again, not of what somebody asked for once."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

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
        self._trial: _Part[Key, Value] = _Part(max(1, count // _TRIED), max(1, size // _TRIED))
        self._kept: _Part[Key, Value] = _Part(
            max(1, count - count // _TRIED), max(1, size - size // _TRIED)
        )

    def get(self, key: Key) -> Value | None:
        """Return a value, or nothing."""
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        found = self._trial.pop(key)
        if found is None:
            return None
        self._kept.put(key, *found)
        return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a new value, of so many bytes; not one that alone is too large."""
        self._trial.put(key, value, size)

    def kept(self) -> list[Key]:
        """Return the keys of what was asked for again, the longest unused first."""
        return list(self._kept.values)

    def __len__(self) -> int:
        return len(self._trial.values) + len(self._kept.values)

    @property
    def size(self) -> int:
        """Bytes of everything in it."""
        return self._trial.size + self._kept.size


class _Part(Generic[Key, Value]):
    """The values used least recently leave first."""

    def __init__(self, count: int, limit: int) -> None:
        self.values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size = 0
        self._count = count
        self._limit = limit

    def get(self, key: Key) -> Value | None:
        found = self.values.get(key)
        if found is None:
            return None
        self.values.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        self.pop(key)
        if size > self._limit:
            return
        self.values[key] = (value, size)
        self.size += size
        while len(self.values) > self._count or self.size > self._limit:
            _, (_, freed) = self.values.popitem(last=False)
            self.size -= freed

    def pop(self, key: Key) -> tuple[Value, int] | None:
        found = self.values.pop(key, None)
        if found:
            self.size -= found[1]
        return found
