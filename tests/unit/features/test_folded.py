"""The states of one entity while events are folded: what is packed, merged, lost, gone on with."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import NOON, event, shopped

from attune.collect.event import Commerce, Event, millis
from attune.features.feature import Feature, Field, Value, act_of
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded, Raised
from attune.features.parts import as_of
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from attune.features.view import FeatureView

NOW = millis(NOON)


@dataclass(frozen=True)
class Pages(Feature[int]):
    """Counts pages; breaks at what it is told to break at."""

    name: str = "pages"
    breaks: str = ""
    acts = frozenset({"page"})

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field(self.name, "int64", "Pages"),)

    def empty(self) -> int:
        return 0

    def update(self, state: int, event: Event, at: int) -> int:  # noqa: ARG002
        if self.breaks == "update" and event.name == "bad":
            raise ZeroDivisionError
        return state + 1

    def merge(self, ours: int, theirs: int) -> int:
        if self.breaks == "merge":
            raise KeyError(self.name)
        return ours + theirs

    def read(self, state: int, now: int) -> tuple[Value, ...]:  # noqa: ARG002
        return (state,)

    def pack(self, state: int) -> bytes:
        if self.breaks == "pack" and state > 1:
            raise TypeError(self.name)
        return super().pack(state)


@dataclass(frozen=True)
class Names(Feature[str]):
    """Has a state of more than 255 bytes from the first page on."""

    acts = frozenset({"page"})

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("names", "string", "Names"),)

    def empty(self) -> str:
        return ""

    def update(self, state: str, event: Event, at: int) -> str:  # noqa: ARG002
        return state + 300 * "n"

    def merge(self, ours: str, theirs: str) -> str:
        return ours + theirs

    def read(self, state: str, now: int) -> tuple[Value, ...]:  # noqa: ARG002
        return (state,)


def features(breaks: str = "") -> FeatureSet:
    own = (Pages("before"), Pages("broken", breaks), Pages("after"))
    return FeatureSet(
        (
            FeatureView("session", "", (Sessions(),)),
            FeatureView("purchases", "", (Purchases(),)),
            FeatureView("own", "", own),
        )
    )


def give(folded: Folded, *events: Event) -> None:
    for one in events:
        folded.update(act_of(one), one, one.at)


def own(folded: Folded) -> tuple[Value, ...]:
    return tuple(folded.read(features().by_name["own"], NOW).values())


PAGE, BAD = event(type="page"), event(type="page", name="bad")


def test_only_views_that_an_event_touches_are_packed_and_only_once() -> None:
    folded = Folded(features(), {})

    give(folded, shopped("added"))
    assert folded.changed().keys() == {"session"}
    give(folded, PAGE, shopped("purchased"))
    assert folded.changed().keys() == {"session", "purchases", "own"}
    assert folded.changed() == {}


def test_a_view_tells_the_time_of_its_own_latest_event() -> None:
    folded = Folded(features(), {})
    give(folded, shopped("purchased"), event(at=NOON + timedelta(hours=1), type="page"))
    give(folded, shopped("purchased", at=NOON - timedelta(hours=1)))
    raw = folded.changed()

    assert {name: as_of(one) - NOW for name, one in raw.items()} == {
        "session": 3_600_000,
        "purchases": 0,
        "own": 3_600_000,
    }
    again = Folded(features(), raw)
    give(again, shopped("purchased", at=NOON - timedelta(hours=2)))
    assert as_of(again.changed()["purchases"]) == NOW


@given(
    st.lists(
        st.tuples(st.sampled_from(("page", "viewed", "purchased", "refunded")), st.integers(0, 9))
    ),
    st.sets(st.integers(0, 20)),
)
def test_each_view_knows_its_latest_time_whatever_comes_in_between(
    events: list[tuple[str, int]], packed_after: set[int]
) -> None:
    declared = features()
    folded = Folded(declared, {})
    for number, (act, minute) in enumerate(events):
        at = NOON + timedelta(minutes=minute)
        give(folded, event(at=at, type="page") if act == "page" else shopped(act, at=at))
        if number in packed_after:
            folded.changed()

    for name, place in declared.places.items():
        times = [NOW + minute * 60_000 for act, minute in events if act in place.view.acts]
        assert folded.newest(name) == max(times, default=0)


def test_what_one_has_and_the_other_has_is_all_in_the_merged_one() -> None:
    ours, theirs = Folded(features(), {}), Folded(features(), {})
    give(ours, PAGE, shopped("purchased"))
    give(theirs, event(at=NOON + timedelta(minutes=1), type="page"))
    ours.changed()

    ours.merge(Folded(features(), theirs.changed()))

    raw = ours.changed()
    assert raw.keys() == {"session", "own"}
    assert as_of(raw["own"]) == NOW + 60_000
    assert own(ours) == (2, 2, 2)


def test_a_feature_that_raises_is_named_and_the_others_go_on() -> None:
    folded = Folded(features("update"), {})
    give(folded, PAGE)
    folded.changed()

    with pytest.raises(Raised, match="Pages") as raised:
        give(folded, BAD)
    folded.go_on(raised.value, "page", BAD, BAD.at)

    assert own(folded) == (2, 1, 2)
    assert own(Folded(features("update"), folded.changed())) == (2, 1, 2)


def test_what_was_folded_or_merged_just_before_it_raised_stays() -> None:
    folded, other = Folded(features("update"), {}), Folded(features("update"), {})
    give(other, PAGE, PAGE)
    folded.merge(other)
    give(folded, PAGE)

    folded.hold()
    with pytest.raises(Raised) as raised:
        give(folded, BAD)
    folded.go_on(raised.value, "page", BAD, BAD.at)

    assert own(folded) == (4, 3, 4)
    assert folded.changed().keys() == {"session", "own"}


def test_a_view_that_is_not_what_it_was_begins_anew_and_says_why() -> None:
    folded = Folded(features(), {"own": b"?", "session": b"\xa7\x01" + bytes(7), "gone": b"\xa7"})
    give(folded, PAGE)

    assert folded.lost.keys() == {"own"}
    assert "user_own v1 does not begin" in folded.lost["own"]
    assert own(folded) == (1, 1, 1)


def test_a_part_that_cannot_be_decoded_begins_anew_alone() -> None:
    folded = Folded(features(), {})
    give(folded, PAGE, PAGE)
    raw = folded.changed()["own"]
    damaged = raw.replace(b"\x02\x02\x02", b"\x02\xff\x02")  # -1 is no count, but a number
    broken = raw.replace(b"\x02\x02\x02", b"\x02\xc1\x02")

    assert own(Folded(features(), {"own": damaged})) == (2, -1, 2)
    folded = Folded(features(), {"own": broken})
    assert own(folded) == (2, 0, 2)
    assert "user_own, Pages" in folded.lost["own"]


def test_a_state_that_cannot_be_stored_is_as_it_was_and_says_why() -> None:
    folded = Folded(features("pack"), {})
    give(folded, PAGE)
    folded.changed()

    give(folded, PAGE)
    raw = folded.changed()

    assert own(Folded(features(), raw)) == own(folded) == (2, 1, 2)
    assert folded.lost == {"own": "user_own, Pages is as it was before: TypeError('broken')"}


def test_a_state_that_cannot_be_merged_is_as_it_was_and_says_why() -> None:
    ours, theirs = Folded(features("merge"), {}), Folded(features("merge"), {})
    give(ours, PAGE)
    give(theirs, PAGE)
    ours.changed()

    ours.merge(theirs)

    assert own(Folded(features(), ours.changed())) == (2, 1, 2)
    assert ours.lost == {"own": "user_own, Pages is as it was before: KeyError('broken')"}


def test_the_latest_event_is_merged_even_where_it_said_nothing() -> None:
    ours, theirs = Folded(features(), {}), Folded(features(), {})
    give(theirs, event(commerce=Commerce("refunded", revenue_micros=0)))
    told = theirs.changed()

    ours.merge(Folded(features(), told))

    assert ours.changed() == told
    assert as_of(told["purchases"]) == NOW


def test_a_damaged_time_is_some_time_and_the_view_is_packed_again() -> None:
    wide = FeatureSet((FeatureView("own", "", (Names(),)),))
    for view, kept in (("session", features()), ("own", wide)):
        folded = Folded(kept, {})
        give(folded, PAGE)
        raw = folded.changed()[view]
        damaged = raw[:7] + b"\xff" + raw[8:]

        again = Folded(kept, {view: damaged})
        again.touch(view)

        assert again.newest(view) == as_of(damaged) >= NOW
        assert again.changed() == {view: damaged}
