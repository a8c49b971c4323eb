"""The states of one entity while events are folded into them."""

from collections.abc import Mapping
from typing import Any

from attune.collect.event import Event
from attune.features.feature import Act, CorruptState, Feature, Untakable
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView, as_of

_UNREAD: Any = object()


class Raised(Exception):  # noqa: N818 - it is for one caller, who asks which feature it was
    """A feature raised on an event; what it left behind must not be used."""

    def __init__(self, number: int, feature: Feature[Any]) -> None:
        super().__init__(type(feature).__name__)
        self.number = number
        self.feature = feature


class Folded:
    """Decodes the state of a feature when an event first touches it; packs what was touched.

    A view that cannot be read begins anew, and `lost` says why: what one feature forgets must not
    keep an event from all others.
    """

    __slots__ = ("_dirty", "_features", "_latest", "_parts", "_states", "_stored", "lost")

    def __init__(self, features: FeatureSet, stored: Mapping[str, bytes]) -> None:
        self._features = features
        self._states: list[Any] = [_UNREAD] * len(features.features)
        self._parts: list[bytes] = [b""] * len(features.features)
        self._latest: dict[Act, int] = {}
        self._stored: dict[str, int] = {}
        self._dirty = 0
        self.lost: list[str] = []
        for name, raw in stored.items():
            if view := features.by_name.get(name):
                self._take_over(view, raw)

    def update(self, act: Act, event: Event, at: int, skipped: frozenset[int] = frozenset()) -> None:
        """Fold an event in, but not into the features with the numbers in `skipped`.

        Raises:
            Untakable: the event must not be taken in at all.
            Raised: a feature broke.
        In either case the states are spent: begin again with the stored ones.
        """
        plan = self._features.plans[act]
        states = self._states
        number = -1
        try:
            for number, update in plan.steps:
                state = states[number]
                if state is _UNREAD:
                    state = self.state(number)
                if not skipped or number not in skipped:
                    states[number] = update(state, event, at)
        except Untakable:
            raise
        except Exception as error:
            raise Raised(number, self._features.features[number]) from error
        self._dirty |= plan.mask
        latest = self._latest
        if at > latest.get(act, -1):
            latest[act] = at

    def merge(self, other: "Folded") -> None:
        """Take over the states of another, which may not be used afterwards."""
        for number, feature in enumerate(self._features.features):
            if other._parts[number] or other._states[number] is not _UNREAD:
                ours, theirs = self.state(number), other.state(number)
                self._states[number] = feature.merge(ours, theirs)
                self._dirty |= 1 << number
        for name in self._features.by_name:
            newest = max(self._stored.get(name, 0), other._newest(self._features.by_name[name]))
            if newest:
                self._stored[name] = newest

    def state(self, number: int) -> Any:  # noqa: ANN401 - a state of any type
        """Return the state of the feature with this number."""
        state = self._states[number]
        if state is _UNREAD:
            state = self._states[number] = self._unpacked(number)
        return state

    def changed(self) -> dict[str, bytes]:
        """Return the bytes of each view that was touched since this was last asked."""
        found: dict[str, bytes] = {}
        dirty, parts, states, packs = self._dirty, self._parts, self._states, self._features.packs
        for name, (view, start, stop, mask) in self._features.places.items():
            touched = dirty & mask
            if touched:
                for number in range(start, stop):
                    if touched >> number & 1:
                        parts[number] = packs[number](states[number])
                found[name] = view.joined(parts[start:stop], self._newest(view))
        self._dirty = 0
        return found

    def _newest(self, view: FeatureView) -> int:
        """Return the time of the latest event in a view, also of those before we loaded it."""
        newest = self._stored.get(view.name, 0)
        for act, at in self._latest.items():
            if at > newest and act in view.acts:
                newest = at
        return newest

    def _take_over(self, view: FeatureView, raw: bytes) -> None:
        try:
            parts = view.split(raw)
        except CorruptState as error:
            self.lost.append(str(error))
            return
        _, start, stop, _ = self._features.places[view.name]
        self._parts[start:stop] = parts
        self._stored[view.name] = as_of(raw)

    def _unpacked(self, number: int) -> Any:  # noqa: ANN401 - as above
        part = self._parts[number]
        if part:
            view, place = self._features.owners[number]
            try:
                return view.unpacked(place, part)
            except CorruptState as error:
                self.lost.append(str(error))
        return self._features.features[number].empty()
