"""A cache that cannot grow without end: what was not used for longest goes first."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Held = TypeVar("Held")


class Bounded(Generic[Key, Held]):
    """Keeps at most `most` things that weigh at most `heaviest` together."""

    def __init__(self, most: int, heaviest: int) -> None:
        self._most = most
        self._heaviest = heaviest
        self._held: OrderedDict[Key, tuple[Held, int]] = OrderedDict()
        self.weight = 0

    def get(self, key: Key) -> Held | None:
        """Return what is kept under a key, which makes it the last to go."""
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: Key, held: Held, weight: int) -> None:
        """Keep something, in place of what was kept under the key."""
        self.take(key)
        if weight > self._heaviest:  # alone it would push out everything else
            return
        self._held[key] = held, weight
        self.weight += weight
        while len(self._held) > self._most or self.weight > self._heaviest:
            _, (_, gone) = self._held.popitem(last=False)
            self.weight -= gone

    def take(self, key: Key) -> tuple[Held, int] | None:
        """Return what is kept under a key, with its weight, and keep it no longer."""
        found = self._held.pop(key, None)
        if found is not None:
            self.weight -= found[1]
        return found

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys, the longest unused first."""
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)
