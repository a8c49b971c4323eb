"""Where a view that is not whole begins, and what the archive still has to bring."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from attune.ids import ProfileId
from attune.profiles.ledger import Ledger
from attune.profiles.mark import UNREAD, Mark, Place
from attune.profiles.spans import Spans, has, rest, union

_ANEW = 600
"""Seconds; events of one log arrive in the order of their offsets within less."""


class Read(NamedTuple):
    """How far a place was read, and which of the offsets up to there somebody else has."""

    mark: Mark
    others: Spans = ()


class Seam(msgspec.Struct, array_like=True):
    """A view that is not whole yet: what was folded since, and up to where the archive goes on.

    `read` says which events the entity had taken in before the view was there; `backfill` folds
    those, and no others, from the archive. `tail` is the state of all later ones.
    """

    read: dict[str, Read]
    tail: bytes = b""
    past: list[str] = []
    """Entities of which it lacks all that was before their kind was read."""

    @classmethod
    def at(cls, ledger: Ledger) -> "Seam":
        """Return a seam behind everything that was taken in so far."""
        return cls({_named(p): Read(m, ledger.others(p)) for p, m in ledger.marks.items()})

    def covers(self, place: Place, offset: int, received: int) -> bool:
        """Say whether an event lies before the seam.

        One that came long before the latest that was taken in lies before it at any offset: in a
        log that has begun anew since.
        """
        found = self.read.get(_named(place))
        if found is None:
            return False
        mark, others = found
        before = mark.covers(offset, received) or received < mark.received - _ANEW
        return before and not (others and has(others, offset))

    @property
    def sources(self) -> set[ProfileId]:
        """Profiles whose events lie before it."""
        return {ProfileId(name.split("/", 2)[2]) for name in self.read}

    def offsets(self) -> Iterator[tuple[tuple[str, int], int]]:
        """Yield the last offset before it, by topic and partition."""
        for name, (mark, _) in self.read.items():
            partition, topic, _ = name.split("/", 2)
            yield (topic, int(partition)), mark.offset

    def joined(self, other: "Seam") -> "Seam":
        """Return the seam of two entities that became one; the tails are merged elsewhere."""
        read = dict(self.read)
        for name, (mark, others) in other.read.items():
            ours, theirs = read.get(name, Read(UNREAD))
            taken = union((*rest(theirs, ours.offset), *rest(others, mark.offset)))
            both = mark | ours
            read[name] = Read(both, rest(taken, both.offset))
        return Seam(read, past=sorted({*self.past, *other.past}))


def _named(place: Place) -> str:
    source, topic, partition = place
    return f"{partition}/{topic}/{source}"


SEAMS = msgspec.msgpack.Decoder(tuple[int, dict[str, Seam]])
"""The version of the row that it was written with, and the seam of each view that is not whole."""
