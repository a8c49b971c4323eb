"""A profile while it is folded: from a stored row, through events, to the next write."""

import struct

import msgspec

from attune.collect.event import Event
from attune.features.feature import CorruptState, act_of
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView, States
from attune.ids import ProfileId
from attune.ports import Row, Stored, Write
from attune.profiles.ledger import Ledger
from attune.profiles.redirect import Link, Redirect
from attune.profiles.traits import Stamp, Traits
from attune.stream import Position

LEDGER = "ledger"
TRAITS = "traits"
REDIRECT = "redirect"
RECORDS = (LEDGER, TRAITS, REDIRECT)
"""Names of the records beside the states of the feature views."""

_FORMAT = b"\x01"
"""First byte of every record; a new layout gets another, and the old one stays readable."""


_NEVER: Stamp = (-1, "")


class Profile:
    """Decodes what it touches, when it touches it, and writes only what has changed.

    States and traits are decoded into values of its own: a write that is refused is mended by
    folding the same events into a profile made of the new row.

    A state that cannot be read begins anew, and `lost` says why: what one feature forgets must not
    keep an event from all others.

    Raises:
        CorruptState: a record cannot be read. Without what was taken in, nothing may be.
    """

    def __init__(self, profile: ProfileId, row: Row, features: FeatureSet) -> None:
        self.id = profile
        self.version = row.version
        self.row = row
        self._features = features
        self._states: dict[str, States] = {}
        self._as_of: dict[str, int] = {}
        self._changed: set[str] = set()
        self._removed: frozenset[str] = frozenset()
        self.lost: list[str] = []
        records = row.records
        try:
            found = {name: _known(raw) for name, raw in records.items()}
            self.ledger = Ledger.decode(found[LEDGER]) if LEDGER in found else Ledger()
            self.traits = Traits.decode(found[TRAITS]) if TRAITS in found else Traits()
            self.redirect = Redirect.decode(found[REDIRECT]) if REDIRECT in found else None
        except (msgspec.DecodeError, struct.error, ValueError) as error:
            raise CorruptState(f"a record of profile {profile}: {error}") from error

    def take(self, source: ProfileId, position: Position, event: Event) -> bool:
        """Fold the event in, unless it was before; say whether it was new.

        `source` is the profile under whose key the event came, this one or one that it was.
        """
        if self.ledger.knows(source, position, event):
            if self.ledger.pass_over(source, position, event):
                self._changed.add(LEDGER)
            return False
        self._changed.add(LEDGER)
        for view in self._features.concerned(act_of(event)):
            self._set(view, view.update(self._states_of(view), event), event.at)
        if event.traits and event.type == "identify" and self.traits.take(event):
            self._changed.add(TRAITS)
        self.ledger.enter(source, position, event)
        return True

    def absorb(self, former: "Profile", link: Link) -> None:
        """Take over everything that a frozen profile has; once for each link."""
        for name, stored in former.row.states.items():
            view = self._features.by_name[name]
            merged = view.merge(self._states_of(view), self._decoded(view, stored))
            self._set(view, merged, stored.as_of)
        self.ledger.absorb(former.ledger)
        self.traits.absorb(former.traits)
        self.traits.former[former.id] = link.when
        self._changed |= {LEDGER, TRAITS}

    def freeze(self, link: Link) -> None:
        """Send later events to the link's target; what is here stays until it is absorbed."""
        before = self.redirect.target if self.redirect else None
        self.redirect = Redirect(link.target, link.when, before=before)
        self._changed.add(REDIRECT)

    def release(self, link: Link) -> None:
        """Take in no more events of a former profile, which the link sends elsewhere.

        Whoever still brings one, because they saw the older redirect, has to look again: they see
        it here, or are refused because this profile was written meanwhile.
        """
        self.traits.former[link.source] = link.when
        self._changed.add(TRAITS)

    def has_absorbed(self, former: "Profile") -> bool:
        """Say whether this has what the frozen profile has, of its link or since of a newer one."""
        when = former.redirect.when if former.redirect else None
        return when is not None and self.traits.former.get(former.id, _NEVER) >= when

    def released(self, former: "Profile") -> bool:
        """Say whether the former profile's events go elsewhere by now, though we read otherwise."""
        when = former.redirect.when if former.redirect else None
        return when is not None and self.traits.former.get(former.id, when) > when

    def clear(self) -> None:
        """Forget all but the redirect and what was taken in: the target has the rest now."""
        if self.redirect is None:
            raise RuntimeError(f"{self.id} has not been handed over")
        self.redirect = Redirect(self.redirect.target, self.redirect.when, done=True)
        self._changed = {REDIRECT}
        self._removed = frozenset({TRAITS, *self.row.states})

    def thaw(self) -> None:
        """Take back a redirect that leads in a circle: two visitors each said to be the other."""
        self.redirect = None
        self._changed.add(LEDGER)  # with what was taken in where its events went
        self._removed = frozenset({REDIRECT})

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._changed or self._removed)

    def write(self) -> Write:
        """Return what has changed, guarded by the version that it is based on."""
        records: dict[str, Ledger | Traits | Redirect | None] = {
            LEDGER: self.ledger,
            TRAITS: self.traits,
            REDIRECT: self.redirect,
        }
        return Write(
            self.id,
            self.version,
            {
                name: Stored(self._features.by_name[name].encode(states), self._as_of[name])
                for name, states in self._states.items()
                if name in self._changed
            },
            {
                name: _FORMAT + record.encode()
                for name, record in records.items()
                if name in self._changed and record is not None
            },
            self._removed,
        )

    def _states_of(self, view: FeatureView) -> States:
        states = self._states.get(view.name)
        if states is None:
            stored = self.row.states.get(view.name)
            states = self._decoded(view, stored) if stored else view.empty()
            self._states[view.name] = states
            self._as_of[view.name] = stored.as_of if stored else 0
        return states

    def _decoded(self, view: FeatureView, stored: Stored) -> States:
        try:
            return view.decode(stored.state)
        except CorruptState as error:
            self.lost.append(str(error))
            return view.empty()

    def _set(self, view: FeatureView, states: States, at: int) -> None:
        self._states[view.name] = states
        self._as_of[view.name] = max(at, self._as_of[view.name])
        self._changed.add(view.name)


def _known(record: bytes) -> bytes:
    if record[:1] != _FORMAT:
        raise ValueError(f"format {record[:1]!r} is not known here")
    return record[1:]
