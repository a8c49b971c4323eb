"""A stored row as it is read: what nobody asks for is not decoded.

`Kept` and `Profile` decode a row to fold events into it; this only answers.
"""

from typing import Any

import msgspec

from attune.features.feature import NOT_A_STATE, CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.features.parts import Parts, as_of, split
from attune.features.view import FeatureView
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.kept import LEDGER, known
from attune.profiles.ledger import glance
from attune.profiles.profile import REDIRECT, TRAITS, Profile
from attune.profiles.redirect import Redirect
from attune.profiles.traits import Traits

_NO_TRAITS = Traits()

NOT_WHOLE = "not filled from the archive yet: `attune backfill`"
"""Why a view that is among the `seams` is not answered."""


class Found:
    """An entity of any kind, of which a row was found or none.

    What cannot be read counts as not there: a view's state (`lost` says why, by the state's name),
    or with a record all of it (`broken` says why).
    """

    __slots__ = (
        "_parts",
        "broken",
        "features",
        "first_seen",
        "id",
        "last_seen",
        "lost",
        "redirect",
        "row",
        "seams",
        "traits",
    )

    def __init__(self, entity: str, row: Row, features: FeatureSet) -> None:
        self.id = entity
        self.row = row
        self.features = features
        self.broken = ""
        self._begin()
        if row.records:
            try:
                self._read_records()
            except (msgspec.DecodeError, ValueError, IndexError) as error:
                self.broken = f"a record of {features.entity.name} {entity}: {error}"
                self.row = Row()
                self._begin()

    def _begin(self) -> None:
        self.first_seen = 0
        self.last_seen = 0
        self.seams: frozenset[str] = frozenset()
        """Views that are not whole yet, by their state's name; see `Kept`."""
        self.traits = _NO_TRAITS
        self.redirect: Redirect | None = None
        self.lost: dict[str, str] = {}
        self._parts: dict[str, Parts] = {}

    def _read_records(self) -> None:
        records = self.row.records
        if (raw := records.get(TRAITS)) is not None:
            self.traits = Traits.decode(known(raw))
        if (raw := records.get(REDIRECT)) is not None:
            self.redirect = Redirect.decode(known(raw))
        if (raw := records.get(LEDGER)) is not None:
            self.first_seen, self.last_seen, views = glance(known(raw))
            if views != self.features.tags:  # rare: after a view was declared, until it is filled
                whole = Profile(ProfileId(self.id), self.row, self.features)
                self.seams = frozenset(whole.seams)

    def read(self, view: FeatureView, now: int) -> dict[str, Value]:
        """Return the values of a view at `now` (ms since 1970, not before `last_seen`)."""
        return dict(zip(view.names, self.values(view, now), strict=True))

    def values(self, view: FeatureView, now: int) -> list[Value]:
        """Return the values at `now` in the order of the view's names."""
        values: list[Value] = []
        parts = self._parts_of(view)
        moment: Any = now  # one object for all calls, not an integer made for each
        for index, read in enumerate(view.reads):
            try:
                values += read(parts[index], moment)
            except NOT_A_STATE as error:
                values += self._lose(view, index, now, error)
        return values

    def read_one(self, view: FeatureView, index: int, now: int) -> tuple[Value, ...]:
        """Return the values of one feature of a view at `now`."""
        try:
            return view.reads[index](self._parts_of(view)[index], now)
        except NOT_A_STATE as error:
            return self._lose(view, index, now, error)

    def newest(self, view: FeatureView) -> int:
        """Return the time of the latest event in a view, ms since 1970; 0 if there was none."""
        self._parts_of(view)
        name = view.state_name
        if name in self.lost or name in self.seams:
            return 0
        raw = self.row.states.get(name)
        return as_of(raw) if raw else 0

    def _parts_of(self, view: FeatureView) -> Parts:
        """Split the view's bytes into those of its features, once."""
        name = view.state_name
        parts = self._parts.get(name)
        if parts is None:
            parts = self._parts[name] = self._split(view, name)
        return parts

    def _split(self, view: FeatureView, name: str) -> Parts:
        raw = self.row.states.get(name)
        if raw is not None and name not in self.seams:
            try:
                return split(view.version, len(view.reads), raw)
            except CorruptState as error:
                self.lost[name] = view.unreadable(error)
        return [b""] * len(view.reads)

    def _lose(self, view: FeatureView, index: int, now: int, error: Exception) -> tuple[Value, ...]:
        """Note that a feature's state cannot be read; return the values of nothing."""
        self.lost[view.state_name] = view.unreadable(error, index)
        return view.reads[index](b"", now)
