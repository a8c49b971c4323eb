"""What is kept of one entity, from a stored row, through events, to the next write."""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.feature import CorruptState
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.ids import ProfileId
from attune.ports import Row, Write
from attune.profiles.arrived import Arrived
from attune.profiles.ledger import NEW, Ledger, Verdict
from attune.profiles.seam import SEAMS, Seam

LEDGER: Final = "ledger"
SEAM: Final = "seam"
"""Names of the records beside the states of the feature views."""

FORMAT: Final = b"\x02"
"""First byte of every record; a new layout gets another, and the old one stays readable."""

_TAG: Final = struct.Struct("<H")
NOTHING: Final[frozenset[int]] = frozenset()
_NONE: Final[frozenset[str]] = frozenset()
_NO_SEAMS: Final[dict[str, Seam]] = {}
"""Of nearly every row; never changed, but replaced."""


@mypyc_attr(acyclic=True)
class Kept:
    """States, and what was taken in; decodes what it touches, writes only what has changed.

    A view is whole when its state has everything that the ledger knows of. One that was declared
    later, or whose version was raised, has a seam instead until `backfill` has closed it: so
    neither a reader nor another view ever meets half a state. `complete` says whether an entity
    without a row has no history either.

    Raises:
        CorruptState: a record cannot be read. Without what was taken in, nothing may be.
    """

    __slots__ = ("_removed", "features", "folded", "id", "ledger", "row", "seams")

    def __init__(
        self, entity: str, row: Row, features: FeatureSet, *, complete: bool = True
    ) -> None:
        self.id = entity
        self.row = row
        self.features = features
        self._removed: frozenset[str] = _NONE
        try:
            self._read_records(row, complete=complete)
        except (msgspec.DecodeError, ValueError, IndexError) as error:
            raise CorruptState(f"a record of {features.entity.name} {entity}: {error}") from error
        stored = row.states
        if self.seams:
            stored = {name: raw for name, raw in stored.items() if name not in self.seams}
            stored |= {name: seam.tail for name, seam in self.seams.items() if seam.tail}
        self.folded = Folded(features, stored)

    def _read_records(self, row: Row, *, complete: bool) -> None:
        records = row.records
        owner = ProfileId(self.id)
        self.seams: dict[str, Seam] = _NO_SEAMS
        raw = records.get(LEDGER)
        if raw is None:  # nothing was taken in yet: all that will be comes into every view
            self.ledger = Ledger(owner)
            self.ledger.views = self.features.tags
            if not complete:
                self.seams = {name: Seam({}, past=[self.id]) for name in self.features.tag_of}
            return
        self.ledger = Ledger.decode(owner, known(raw))
        if self.ledger.views != self.features.tags:
            self._find_seams(records.get(SEAM), row.version)

    def _find_seams(self, raw: bytes | None, version: int) -> None:
        """Find the views that are not whole, and give each that has none its seam.

        Whoever does not know of a view writes the row without folding into its tail: a program of
        the last release that still runs. Such a tail is of no use, and the seam is here and now.
        """
        written, held = SEAMS.decode(known(raw)) if raw else (version, {})
        found: dict[str, Seam] = {}
        for name, tag in self.features.tag_of.items():
            if not self.ledger.has(tag):
                seam = held.get(name) if written == version else None
                seam = seam or Seam.at(self.ledger)
                if seam.read or seam.past:  # else there is nothing before it
                    found[name] = seam
        self.seams = found

    @property
    def lost(self) -> Mapping[str, str]:
        """Views whose state begins anew, and why."""
        return self.folded.lost

    def enter(
        self, source: ProfileId, arrived: Arrived, skipped: frozenset[int] = NOTHING
    ) -> Verdict:
        """Fold an event in, unless it was before; say which. `source` is under whose key it came.

        Raises:
            Raised: a feature broke; this object is spent.
        """
        verdict = self.ledger.enter(source, arrived)
        if verdict is NEW:
            self.folded.update(arrived.act, arrived.event, arrived.at, skipped)
        return verdict

    def pass_on(self, arrived: Arrived, part: Event, skipped: frozenset[int] = NOTHING) -> bool:
        """Fold in the part of an event that is about this entity, unless it was before.

        Whether a client has sent it twice is known to the profile it came from: here only the
        place counts, so that a product need not remember the ids of all its visitors' events.

        Raises:
            Raised: a feature broke; this object is spent.
        """
        if not self.ledger.advance(arrived):
            return False
        self.folded.update(arrived.act, part, arrived.at, skipped)
        return True

    def write(self) -> Write | None:
        """Return what has changed, guarded by the version that it is based on; None if nothing."""
        states = self.folded.changed()
        records = self._records()
        if not (states or records or self._removed):
            return None
        if self.seams:
            self._put_aside(states, records)
        return Write(
            self.id, self.row.version, self.ledger.last_seen, states, records, self._removed
        )

    def _records(self) -> dict[str, bytes]:
        if not self.ledger.changed:
            return {}
        self.ledger.views = self._whole()
        return {LEDGER: self.ledger.encode(FORMAT)}

    def _whole(self) -> bytes:
        if not self.seams:
            return self.features.tags
        whole = (tag for name, tag in self.features.tag_of.items() if name not in self.seams)
        return b"".join(map(_TAG.pack, whole))

    def _put_aside(self, states: dict[str, bytes], records: dict[str, bytes]) -> None:
        """Keep what belongs to views that are not whole in a record of its own."""
        for name, seam in self.seams.items():
            seam.tail = states.pop(name, seam.tail)
        if LEDGER not in records:  # a row without one would pass for one that has all
            self.ledger.views = self._whole()
            records[LEDGER] = self.ledger.encode(FORMAT)
        records[SEAM] = FORMAT + msgspec.msgpack.encode((self.row.version + 1, self.seams))

    def copy(self) -> "Kept":
        """Return one with the same states and ledger, which may be spent."""
        copied = Kept(self.id, Row(), self.features)
        copied.folded = self.folded.copy()
        copied.ledger.absorb(self.ledger)
        return copied

    def forget(self) -> None:
        """Let go of every state, because somebody else has all that was taken in."""
        self.folded = Folded(self.features, {})
        self.seams = _NO_SEAMS
        self.ledger.give_away()

    def absorb(self, other: "Kept") -> None:
        """Take over everything of an entity that became this one; `other` is spent."""
        self.folded.merge(other.folded)
        self.ledger.absorb(other.ledger)
        if not other.seams:
            return
        seams = dict(self.seams)
        for name, theirs in other.seams.items():
            ours = seams.get(name)
            seams[name] = ours.joined(theirs) if ours else theirs
            self.folded.touch(name)
        self.seams = seams

    @property
    def missing(self) -> set[str]:
        """Entities whose past is missing here: what was before their kind was read."""
        return {entity for seam in self.seams.values() for entity in seam.past}

    def begin(self, pasts: Iterable["Kept"]) -> None:
        """Put the pasts that are missing in front of what was folded since; they are spent."""
        for past in pasts:
            self.folded.merge(past.folded)
            self.ledger.absorb(past.ledger)
        self.ledger.changed = True
        for name, seam in list(self.seams.items()):
            if seam.past:
                self.folded.touch(name)
                seam.past = []
                if not seam.read:
                    del self.seams[name]
        if not self.seams:
            self._removed |= {SEAM}

    def close(self, names: Iterable[str], bases: Mapping[str, bytes]) -> None:
        """Put what the archive has of views before their seams in front of the tails.

        Those views are whole then. One without a base has no events before its seam.
        """
        self.folded.merge(Folded(self.features, bases))
        for name in names:
            if bases.get(name) or self.seams[name].tail:
                self.folded.touch(name)
            del self.seams[name]
        self.ledger.changed = True
        if not self.seams:
            self._removed |= {SEAM}


def known(record: bytes) -> bytes:
    """Return a record without its format.

    Raises:
        ValueError: it is one that is not known here.
    """
    if record[:1] != FORMAT:
        raise ValueError(f"format {record[:1]!r} is not known here")
    return record[1:]
