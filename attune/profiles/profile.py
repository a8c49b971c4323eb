"""A profile while it is folded: from a stored row, through events, to the next write."""

from typing import Final

import msgspec
from mypy_extensions import mypyc_attr

from attune.features.feature import CorruptState
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.arrived import Arrived
from attune.profiles.kept import FORMAT, LEDGER, NOTHING, SEAM, Kept, known
from attune.profiles.ledger import NEW, Verdict
from attune.profiles.redirect import Link, Redirect
from attune.profiles.traits import Stamp, Traits

TRAITS: Final = "traits"
REDIRECT: Final = "redirect"
RECORDS = (LEDGER, TRAITS, REDIRECT, SEAM)
"""Names of the records beside the states of the feature views."""

_NEVER: Stamp = (-1, "")
_NONE: Final[frozenset[str]] = frozenset()


@mypyc_attr(acyclic=True)
class Profile(Kept):
    """What is kept of a visitor: also traits, and where a profile went that was handed over.

    States and traits are decoded into values of its own: a write that is refused is mended by
    folding the same events into a profile made of the new row.
    """

    __slots__ = ("_changed", "_traits", "redirect")

    def __init__(
        self, profile: ProfileId, row: Row, features: FeatureSet, *, complete: bool = True
    ) -> None:
        super().__init__(profile, row, features, complete=complete)
        self._changed: frozenset[str] = _NONE
        records = row.records
        self._traits: Traits | None = None
        self.redirect: Redirect | None = None
        try:
            if TRAITS in records:
                self._traits = Traits.decode(known(records[TRAITS]))
            if REDIRECT in records:
                self.redirect = Redirect.decode(known(records[REDIRECT]))
        except (msgspec.DecodeError, ValueError) as error:
            raise CorruptState(f"a record of user {profile}: {error}") from error
        if self.redirect and (self.redirect.done or self.redirect.before):
            self.seams = {}  # all it took in is with others: nothing is missing here

    @property
    def profile(self) -> ProfileId:
        """Its id."""
        return ProfileId(self.id)

    @property
    def traits(self) -> Traits:
        """What is known of the visitor; made when it is asked for, most have none."""
        if self._traits is None:
            self._traits = Traits()
        return self._traits

    def take(
        self, source: ProfileId, arrived: Arrived, skipped: frozenset[int] = NOTHING
    ) -> Verdict:
        """Fold the event in, unless it was before; say which.

        `source` is the profile under whose key the event came, this one or one that it was.

        Raises:
            Raised: a feature broke; this profile is spent.
        """
        verdict = self.enter(source, arrived, skipped)
        event = arrived.event
        if verdict is NEW and event.traits and event.type == "identify" and self.traits.take(event):
            self._changed |= {TRAITS}
        return verdict

    def take_over(self, former: "Profile", link: Link) -> None:
        """Absorb everything that a frozen profile has; once for each link."""
        self.absorb(former)
        self.traits.absorb(former.traits)
        self.traits.former[former.profile] = link.when
        self._changed |= {TRAITS}

    def learn(self, traits: Traits) -> None:
        """Take over what was known of the visitor before; newer traits stay."""
        self.traits.absorb(Traits(traits.values))
        self._changed |= {TRAITS}

    def freeze(self, link: Link) -> None:
        """Send later events to the link's target; what is here stays until it is absorbed."""
        before = self.redirect.target if self.redirect else None
        self.redirect = Redirect(link.target, link.when, before=before)
        self._changed |= {REDIRECT}

    def release(self, link: Link) -> None:
        """Take in no more events of a former profile, which the link sends elsewhere.

        Whoever still brings one, because they saw the older redirect, has to look again: they see
        it here, or are refused because this profile was written meanwhile.
        """
        self.traits.former[link.source] = link.when
        self._changed |= {TRAITS}

    def has_absorbed(self, former: "Profile") -> bool:
        """Say whether this has what the frozen profile has, of its link or since of a newer one."""
        when = former.redirect.when if former.redirect else None
        return when is not None and self.traits.former.get(former.profile, _NEVER) >= when

    def released(self, former: "Profile") -> bool:
        """Say whether the former profile's events go elsewhere by now, though we read otherwise."""
        when = former.redirect.when if former.redirect else None
        return when is not None and self.traits.former.get(former.profile, when) > when

    def clear(self) -> None:
        """Forget all but the redirect and what was taken in: the target has the rest now."""
        if self.redirect is None:
            raise RuntimeError(f"{self.id} has not been handed over")
        self.redirect = Redirect(self.redirect.target, self.redirect.when, done=True)
        self._changed = frozenset({REDIRECT})
        self.forget()
        states = (view.state_name for view in self.features.views)
        self._removed = frozenset({TRAITS, SEAM, *states})

    def thaw(self) -> None:
        """Take back a redirect that leads in a circle: two visitors each said to be the other."""
        self.redirect = None
        self.ledger.changed = True  # with what was taken in where its events went
        self._removed = frozenset({REDIRECT})

    def _records(self) -> dict[str, bytes]:
        records = super()._records()
        if not self._changed:
            return records
        if TRAITS in self._changed:
            records[TRAITS] = FORMAT + self.traits.encode()
        if REDIRECT in self._changed and self.redirect is not None:
            records[REDIRECT] = FORMAT + self.redirect.encode()
        return records
