"""The views of this installation: order, merging and storing, in the form that is stored."""

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, histories

from attune.collect.event import Event, millis
from attune.features.feature import CorruptState, act_of
from attune.features.folded import Folded, Raised
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


@some
@given(events=histories(), seed=st.integers(0, 2**32))
def test_damaged_rows_stop_neither_a_reader_nor_a_consumer(events: list[Event], seed: int) -> None:
    chance = Random(seed)
    for features in FEATURES:
        folded = Folded(features, {})
        for one in events:
            folded.update(act_of(one), one, one.at)
        stored = {name: harmed(raw, chance) for name, raw in folded.states().items()}

        again = Folded(features, stored)
        for view in features.views:
            values = again.read(view, millis(NOON))
            assert list(values) == [field.name for field in view.fields]
        for one in events:
            with suppress(Raised):  # the consumer asks that feature no more about this event
                again.update(act_of(one), one, one.at)
        again.merge(Folded(features, stored))
        again.states()


def harmed(raw: bytes, chance: Random) -> bytes:
    """The bytes with one changed, or cut off; mostly behind the head."""
    changed = bytearray(raw)
    changed[chance.randrange(chance.choice((0, 8)), len(raw))] = chance.randrange(256)
    return bytes(changed[: chance.choice((len(raw), len(raw), chance.randint(0, len(raw))))])
