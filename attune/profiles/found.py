"""A stored row as it is read: what nobody asks for is not decoded.

`Kept` and `Profile` decode a row to fold events into it; this only answers.
"""

import struct

import msgspec

from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.features.parts import as_of
from attune.features.view import FeatureView, States
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.kept import LEDGER, known
from attune.profiles.ledger import glance
from attune.profiles.profile import REDIRECT, TRAITS, Profile
from attune.profiles.redirect import Redirect
from attune.profiles.traits import Traits


class Found:
    """An entity of any kind, of which a row was found or none.

    Raises:
        CorruptState: a record cannot be read. A view's state that cannot counts as empty instead,
            and `lost` says why, by the state's name.
    """

    __slots__ = (
        "_as_of",
        "_states",
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
        self.first_seen = 0
        self.last_seen = 0
        self.seams: frozenset[str] = frozenset()
        """Views that are not whole yet, by their state's name; see `Kept`."""
        self.traits = Traits()
        self.redirect: Redirect | None = None
        self.lost: dict[str, str] = {}
        self._states: dict[str, States] = {}
        self._as_of: dict[str, int] = {}
        if row.records:
            try:
                self._read_records()
            except (msgspec.DecodeError, struct.error, ValueError, IndexError) as error:
                where = f"a record of {features.entity.name} {entity}"
                raise CorruptState(f"{where}: {error}") from error

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
        return view.read(self._decoded(view), now)

    def newest(self, view: FeatureView) -> int:
        """Return the time of the latest event in a view, ms since 1970; 0 if there was none."""
        self._decoded(view)
        return self._as_of.get(view.state_name, 0)

    def _decoded(self, view: FeatureView) -> States:
        name = view.state_name
        states = self._states.get(name)
        if states is None:
            states = self._states[name] = self._unpacked(view, name)
        return states

    def _unpacked(self, view: FeatureView, name: str) -> States:
        raw = self.row.states.get(name)
        if raw is None or name in self.seams:
            return view.empty()
        try:
            parts = view.split(raw)
        except CorruptState as error:
            self.lost[name] = str(error)
            return view.empty()
        self._as_of[name] = as_of(raw)
        return [self._state(view, name, i, part) for i, part in enumerate(parts)]

    def _state(self, view: FeatureView, name: str, index: int, part: bytes) -> object:
        try:
            return view.unpacked(index, part)
        except CorruptState as error:
            self.lost[name] = str(error)
            return view.features[index].empty()
