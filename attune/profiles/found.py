"""A stored row as it is read: what nobody asks for is not decoded.

`Kept` and `Profile` decode a row to fold events into it; this only answers.
"""

import struct
from typing import Any

import msgspec

from attune.features.feature import CorruptState, Value
from attune.features.feature_set import FeatureSet
from attune.features.parts import Parts, as_of
from attune.features.view import FeatureView, States
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.kept import LEDGER, known
from attune.profiles.ledger import glance
from attune.profiles.profile import REDIRECT, TRAITS, Profile
from attune.profiles.redirect import Redirect
from attune.profiles.traits import Traits

_UNREAD: Any = object()
_NO_TRAITS = Traits()

NOT_WHOLE = "not filled from the archive yet: `attune backfill`"
"""Why a view that is among the `seams` is not answered."""


class Found:
    """An entity of any kind, of which a row was found or none.

    What cannot be read counts as not there: a view's state (`lost` says why, by the state's name),
    or with a record all of it (`broken` says why).
    """

    __slots__ = (
        "_as_of",
        "_parts",
        "_states",
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
            except (msgspec.DecodeError, struct.error, ValueError, IndexError) as error:
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
        self._states: dict[str, States] = {}
        self._as_of: dict[str, int] = {}

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
        states = [self.state(view, index) for index in range(len(view.features))]
        return view.read(states, now)

    def once(self, view: FeatureView, now: int) -> list[Value]:
        """Return the values in the order of the view's names; nothing that was decoded is kept."""
        if view.state_name in self._states:
            return [*self.read(view, now).values()]
        values: list[Value] = []
        reads = view.reads
        for index, part in enumerate(self._split(view, view.state_name)):
            values += reads[index](self._unpacked(view, index, part), now)
        return values

    def read_one(self, view: FeatureView, index: int, now: int) -> tuple[Value, ...]:
        """Return the values of one feature of a view at `now`."""
        return view.reads[index](self.state(view, index), now)

    def newest(self, view: FeatureView) -> int:
        """Return the time of the latest event in a view, ms since 1970; 0 if there was none."""
        self._opened(view)
        return self._as_of.get(view.state_name, 0)

    def state(self, view: FeatureView, index: int) -> Any:  # noqa: ANN401 - a state of any type
        """Return the state of one feature of a view."""
        states = self._states.get(view.state_name) or self._opened(view)
        state = states[index]
        if state is _UNREAD:
            part = self._parts[view.state_name][index]
            state = states[index] = self._unpacked(view, index, part)
        return state

    def _opened(self, view: FeatureView) -> States:
        """Split the view's bytes into those of its features, once."""
        name = view.state_name
        if name not in self._states:
            self._states[name] = [_UNREAD] * len(view.features)
            self._parts[name] = self._split(view, name)
        return self._states[name]

    def _split(self, view: FeatureView, name: str) -> Parts:
        raw = self.row.states.get(name)
        if raw is not None and name not in self.seams:
            try:
                parts = view.split(raw)
            except CorruptState as error:
                self.lost[name] = str(error)
            else:
                self._as_of[name] = as_of(raw)
                return parts
        return [b""] * len(view.features)

    def _unpacked(self, view: FeatureView, index: int, part: bytes) -> Any:  # noqa: ANN401 - as above
        try:
            return view.unpacked(index, part)
        except CorruptState as error:
            self.lost[view.state_name] = str(error)
            return view.features[index].empty()
