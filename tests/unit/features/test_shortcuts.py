"""A feature may hand over shorter ways; a subclass that replaces what they lead to is asked."""

from dataclasses import dataclass

from making import NOON, event

from attune.collect.event import Commerce, Event, Product, millis
from attune.features.course import Course
from attune.features.feature import Feature, Value
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.features.interest import Latest
from attune.features.view import FeatureView
from attune.features.visit import Visit

PAGE = event(type="page")


@dataclass(frozen=True)
class Twice(Visit):
    """Counts each event twice."""

    def update(self, state: Course, event: Event, at: int) -> Course:
        return super().update(super().update(state, event, at), event, at)


@dataclass(frozen=True)
class Marked(Visit):
    """Ends its bytes in its own way."""

    def pack(self, state: Course) -> bytes:
        return super().pack(state) + b"!"

    def unpack(self, raw: bytes) -> Course:
        return super().unpack(raw.removesuffix(b"!"))


@dataclass(frozen=True)
class Older(Visit):
    """Begins with an event."""

    def empty(self) -> Course:
        course = super().empty()
        course.lengthen(millis(NOON) - 1)
        return course


@dataclass(frozen=True)
class Nameless(Latest):
    """Tells no names."""

    def read(self, state: dict[str, int], now: int) -> tuple[Value, ...]:
        return ([name[:1] for name in super().read(state, now)[0]],)


@dataclass(frozen=True)
class Deeper(Twice):
    """Replaces nothing."""


def packed(feature: Feature[Course]) -> bytes:
    view = FeatureView("own", "", (feature,))
    folded = Folded(FeatureSet((view,)), {})
    folded.update("page", PAGE, millis(NOON))
    return view.split(folded.changed()["own"])[0]


def test_the_shorter_way_leads_to_the_same() -> None:
    visit = Visit()
    assert packed(visit) == visit.pack(visit.update(visit.empty(), PAGE, millis(NOON)))


def test_who_replaces_update_is_asked_for_it() -> None:
    assert Visit().unpack(packed(Twice())).events == 2
    assert Visit().unpack(packed(Deeper())).events == 2


def test_who_replaces_pack_is_asked_for_it() -> None:
    assert packed(Marked()) == packed(Visit()) + b"!"


def test_who_replaces_empty_is_asked_for_it() -> None:
    assert Visit().unpack(packed(Older())).events == 2


def test_who_replaces_unpack_is_asked_for_it() -> None:
    view = FeatureView("own", "", (Marked(),))
    folded = Folded(FeatureSet((view,)), {"own": view.joined([packed(Marked())], millis(NOON))})
    folded.update("page", PAGE, millis(NOON))

    assert Marked().unpack(view.split(folded.changed()["own"])[0]).events == 2


def test_who_replaces_read_is_asked_for_it_of_packed_states_too() -> None:
    shopping = event(commerce=Commerce("viewed", (Product("p1", "kettles", None, 100),)))
    for feature, told in ((Latest(), ["kettles"]), (Nameless(), ["k"])):
        raw = feature.pack(feature.update(feature.empty(), shopping, millis(NOON)))
        (read,) = FeatureView("own", "", (feature,)).reads

        assert read(raw, millis(NOON)) == (told,)
