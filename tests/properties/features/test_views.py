"""The views of this installation: order, merging and storing, in the form that is stored."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, histories

from attune.collect.event import Event, millis
from attune.features.feature import CorruptState, act_of
from attune.features.view import FeatureView, States
from feature_repo.views import FEATURES

VIEWS = pytest.mark.parametrize(
    "view", [v for f in FEATURES for v in f.views], ids=lambda view: view.full_name
)
some = settings(max_examples=20)
MOMENTS = st.integers(millis(NOON), millis(NOON + timedelta(days=9)))


def fold(view: FeatureView, events: list[Event]) -> States:
    states = view.empty()
    for event in events:
        if act_of(event) in view.acts:
            states = view.update(states, event)
    return states


@VIEWS
@some
@given(data=st.data(), events=histories())
def test_any_order_gives_the_same_bytes(
    view: FeatureView, data: st.DataObject, events: list[Event]
) -> None:
    other = data.draw(st.permutations(events))

    assert view.encode(fold(view, other)) == view.encode(fold(view, events))


@VIEWS
@some
@given(data=st.data(), events=histories())
def test_two_halves_merge_to_the_whole(
    view: FeatureView, data: st.DataObject, events: list[Event]
) -> None:
    mine = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    first = [e for e, flag in zip(events, mine, strict=True) if flag]
    second = [e for e, flag in zip(events, mine, strict=True) if not flag]

    merged = view.merge(fold(view, first), fold(view, second))

    assert view.encode(merged) == view.encode(fold(view, events))


@VIEWS
@some
@given(events=histories(), now=MOMENTS)
def test_a_stored_state_reads_as_it_did(view: FeatureView, events: list[Event], now: int) -> None:
    states = fold(view, events)
    raw = view.encode(states)

    again = view.decode(raw)

    assert view.read(again, now) == view.read(states, now)
    assert view.encode(again) == raw


@VIEWS
@some
@given(raw=st.binary(max_size=80))
def test_random_bytes_are_no_state(view: FeatureView, raw: bytes) -> None:
    try:
        states = view.decode(raw)
    except CorruptState:
        return
    assert view.encode(states) == raw  # it is one by chance, and then a whole one
