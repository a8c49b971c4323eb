"""The states of one entity while events are folded into them."""

from collections.abc import Mapping
from typing import Any, Final

from librt.strings import BytesWriter
from mypy_extensions import i64, mypyc_attr

from attune.collect.event import Event
from attune.features.feature import NOT_A_STATE, Act, CorruptState, Feature, Value
from attune.features.feature_set import FeatureSet, Place, Plan, Touched
from attune.features.parts import HEAD_SIZE, NARROW, as_of, begin, check, joined, part
from attune.features.view import FeatureView

_UNREAD: Final[Any] = object()
_NOTHING: Final[Mapping[str, str]] = {}
"""Of nearly every row, so that no dict is made for it."""


class Raised(Exception):
    """A feature raised on an event; what it left behind must not be used."""

    def __init__(self, number: int, feature: Feature[Any]) -> None:
        super().__init__(type(feature).__name__)
        self.number = number
        self.feature = feature


@mypyc_attr(acyclic=True)
class Folded:
    """Decodes the state of a feature when an event first touches it; packs what was touched.

    A view that cannot be read begins anew, and a state that cannot be stored or merged stays as it
    was stored last; `lost` says why: what one feature forgets must not keep an event from all
    others. Everywhere here views go by their state's name.
    """

    __slots__ = ("_at", "_dirty", "_features", "_lost", "_plan", "_raws", "_states", "_times")

    def __init__(self, features: FeatureSet, stored: Mapping[str, bytes]) -> None:
        self._features = features
        self._states: list[Any] = [_UNREAD] * len(features.features)
        self._raws: list[bytes] = [b""] * len(features.views)
        """Each view as it was stored or told last."""
        self._times: list[int] = [0] * len(features.views)
        """Time of the latest event of each view, ms since 1970."""
        self._plan: Plan | None = None
        """What the last event did, and so have those before it that `_at` is the latest of."""
        self._at: int = 0
        self._dirty: int = 0
        self._lost: dict[str, str] | None = None
        for name, raw in stored.items():
            if place := features.places.get(name):
                self._take_over(place, raw)

    @property
    def lost(self) -> Mapping[str, str]:
        """Views that have lost a state, and why."""
        return self._lost or _NOTHING

    def _lose(self, name: str, why: str) -> None:
        self._lost = {**self.lost, name: why}

    def update(
        self, act: Act, event: Event, at: int, skipped: frozenset[int] = frozenset()
    ) -> None:
        """Fold an event in, but not into the features with the numbers in `skipped`.

        Raises:
            Raised: a feature broke. The states are spent: begin again with the stored ones.
        """
        features = self._features
        plan = features.plans[act]
        states = self._states
        number = -1
        try:
            for number, step in plan.steps:
                state = states[number]
                if state is _UNREAD:
                    states[number] = state = self._unpacked(number)
                if not skipped or number not in skipped:
                    states[number] = step.update(state, event, at)
        except Exception as error:
            raise Raised(number, features.features[number]) from error
        self._dirty |= plan.mask
        if plan is not self._plan:
            self._date()
            self._plan = plan
            self._at = at
        elif at > self._at:
            self._at = at

    def _date(self) -> None:
        """Have `_times` say how late the latest events were."""
        if self._plan is not None:
            times, at = self._times, self._at
            for view in self._plan.views:
                times[view] = max(times[view], at)
            self._plan = None

    def go_on(self, raised: Raised, act: Act, event: Event, at: int) -> None:
        """Give an event to the features after the one that raised; that one is as it was before.

        Only right after `hold` or `changed`, and one `update`: what was packed then is what it was.
        """
        self._states[raised.number] = _UNREAD
        skipped = frozenset(range(raised.number + 1))
        try:
            self.update(act, event, at, skipped)
        except Raised as another:
            self.go_on(another, act, event, at)

    def copy(self) -> "Folded":
        """Return one with the same states, which may be spent."""
        return Folded(self._features, self.states())

    def merge(self, other: "Folded") -> None:
        """Take over the states of another, which may not be used afterwards."""
        for number, feature in enumerate(self._features.features):
            if other.holds(number):
                ours, theirs = self.state(number), other.state(number)
                try:
                    self._states[number] = feature.merge(ours, theirs)
                except Exception as error:  # noqa: BLE001 - a feature's own code, of any kind
                    self._give_up(number, error)
                self._dirty |= 1 << number
        for name in self._features.places:
            if (newest := other.newest(name)) > self.newest(name):
                self._times[self._features.places[name].number] = newest
                self.touch(name)  # also where its events said nothing: they were the latest

    def holds(self, number: int) -> bool:
        """Say whether there is anything in the feature with this number."""
        return self._states[number] is not _UNREAD or bool(self._part(number))

    def read(self, view: FeatureView, now: int) -> dict[str, Value]:
        """Return the values of a view at `now` (ms since 1970)."""
        _, _, start, stop, _ = self._features.places[view.state_name]
        return view.read([self.state(number) for number in range(start, stop)], now)

    def newest(self, name: str) -> int:
        """Return the time of the latest event in a view, ms since 1970; 0 if there was none."""
        self._date()
        return self._times[self._features.places[name].number]

    def touch(self, name: str) -> None:
        """Have a view's bytes told by `changed` whether or not an event touched it."""
        _, _, start, stop, mask = self._features.places[name]
        for number in range(start, stop):
            self.state(number)
        self._dirty |= mask

    def state(self, number: int) -> Any:  # noqa: ANN401 - a state of any type
        """Return the state of the feature with this number."""
        state = self._states[number]
        if state is _UNREAD:
            state = self._states[number] = self._unpacked(number)
        return state

    def states(self) -> dict[str, bytes]:
        """Return the bytes of each view that has any, whatever was asked before."""
        for name, (_, _, start, stop, _) in self._features.places.items():
            if any(self.holds(number) for number in range(start, stop)):
                self.touch(name)
        return self.changed()

    def hold(self) -> None:
        """Pack what was touched, for `go_on` to return to; `changed` tells it all the same."""
        if dirty := self._dirty:
            self.changed()
            self._dirty = dirty

    def changed(self) -> dict[str, bytes]:
        """Return the bytes of each view that was touched since this was last asked."""
        found: dict[str, bytes] = {}
        if not self._dirty:
            return found
        self._date()
        for touched in self._features.touched(self._dirty):
            found[touched.name] = self._raws[touched.number] = self._joined(touched)
        self._dirty = 0
        return found

    def _joined(self, touched: Touched) -> bytes:
        """Return the bytes of a view: packed anew what was touched, and the rest as it was."""
        view, _, version, start, stop, mask = touched
        first: i64 = start
        count: i64 = stop - start
        out = BytesWriter()
        begin(out, version, count, self._times[view])
        for number in range(start, stop):
            before = len(out)
            self._pack(number, out, anew=bool(mask >> number & 1))
            length: int = len(out) - before
            if length >= NARROW:  # rare: once more, each apart
                return joined(version, self._packed(touched), self._times[view])
            out[HEAD_SIZE + number - first] = length
        return out.getvalue()

    def _packed(self, touched: Touched) -> list[bytes]:
        """Return the bytes of each feature of a view."""
        parts: list[bytes] = []
        for number in range(touched.start, touched.stop):
            out = BytesWriter()
            self._pack(number, out, anew=bool(touched.mask >> number & 1))
            parts.append(out.getvalue())
        return parts

    def _pack(self, number: int, out: BytesWriter, *, anew: bool) -> None:
        """Write the state of a feature, or what it was where that cannot be packed."""
        if anew:
            start: i64 = len(out)
            try:
                self._features.codecs[number].pack_into(self._states[number], out)
            except Exception as error:  # noqa: BLE001 - as in `merge`
                out.truncate(start)
                self._give_up(number, error)
            else:
                return
        out.write(self._part(number))

    def _part(self, number: int) -> bytes:
        """Return the bytes of a feature as they were stored or told last."""
        view, count, index = self._features.spots[number]
        return part(self._raws[view], count, index)

    def _give_up(self, number: int, error: Exception) -> None:
        """Go back to what was stored last."""
        view, _ = self._features.owners[number]
        name = type(self._features.features[number]).__name__
        self._lose(view.state_name, f"{view.full_name}, {name} is as it was before: {error!r}")
        self._states[number] = self._unpacked(number)

    def _take_over(self, place: Place, raw: bytes) -> None:
        number, view, start, stop, _ = place
        try:
            check(view.version, stop - start, raw)
        except CorruptState as error:
            self._lose(view.state_name, view.unreadable(error))
        else:
            self._raws[number] = raw
            self._times[number] = as_of(raw)

    def _unpacked(self, number: int) -> Any:  # noqa: ANN401 - as above
        codec = self._features.codecs[number]
        if raw := self._part(number):
            try:
                return codec.unpack(raw)
            except NOT_A_STATE as error:
                view, place = self._features.owners[number]
                self._lose(view.state_name, view.unreadable(error, place))
        return codec.empty()
