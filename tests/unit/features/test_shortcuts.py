"""A feature may hand over shorter ways; a subclass that replaces what they lead to is asked."""

from dataclasses import dataclass

from making import NOON, event

from attune.collect.event import Event, millis
from attune.features.course import Course
from attune.features.feature import Feature
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
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
