"""Order, repetition, merging and storing change no feature."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import NOON, histories

from attune.collect.event import Event, millis
from attune.features.feature import CorruptState, act_of
from attune.features.view import FeatureView, States
from feature_repo.views import FEATURES, USER_FEATURES

VIEWS = pytest.mark.parametrize(
    "view", [v for f in FEATURES for v in f.views], ids=lambda view: view.full_name
)
MOMENTS = st.integers(millis(NOON), millis(NOON + timedelta(days=9)))


def fold(view: FeatureView, events: list[Event]) -> States:
    states = view.empty()
    for event in events:
        if act_of(event) in view.acts:
            states = view.update(states, event)
    return states


@VIEWS
@given(data=st.data(), events=histories())
def test_any_order_gives_the_same_bytes(
    view: FeatureView, data: st.DataObject, events: list[Event]
) -> None:
    other = data.draw(st.permutations(events))

    assert view.encode(fold(view, other)) == view.encode(fold(view, events))


@VIEWS
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
@given(events=histories(), now=MOMENTS)
def test_a_stored_state_reads_as_it_did(view: FeatureView, events: list[Event], now: int) -> None:
    states = fold(view, events)
    raw = view.encode(states)

    again = view.decode(raw)

    assert view.read(again, now) == view.read(states, now)
    assert view.encode(again) == raw


@VIEWS
@given(raw=st.binary(max_size=80))
def test_random_bytes_are_no_state(view: FeatureView, raw: bytes) -> None:
    try:
        states = view.decode(raw)
    except CorruptState:
        return
    assert view.encode(states) == raw  # it is one by chance, and then a whole one


@given(events=histories(), now=MOMENTS)
def test_windows_count_the_events_whose_bucket_they_cover(events: list[Event], now: int) -> None:
    view = USER_FEATURES.by_name["activity"]

    values = view.read(fold(view, events), now)

    for name, step, span in (("1h", 300_000, 12), ("24h", 3_600_000, 24), ("7d", 21_600_000, 28)):
        for field, act in (("views", "viewed"), ("carts", "added"), ("purchases", "purchased")):
            assert values[f"{field}_{name}"] == sum(
                0 <= now // step - event.at // step < span
                for event in events
                if act_of(event) == act
            )


@given(events=histories())
def test_sessions_are_runs_without_a_gap_of_thirty_minutes(events: list[Event]) -> None:
    view = USER_FEATURES.by_name["session"]
    times = sorted(e.at for e in events)
    runs: list[list[int]] = []
    for at in times:
        if runs and at - runs[-1][-1] <= 30 * 60_000:
            runs[-1].append(at)
        else:
            runs.append([at])

    values = view.read(fold(view, events), times[-1] if times else 0)

    assert values["sessions"] == len(runs)
    assert values["session_depth"] == (len(runs[-1]) if runs else 0)
    assert values["session_seconds"] == ((runs[-1][-1] - runs[-1][0]) / 1000 if runs else 0)


@given(events=histories())
def test_money_is_exact(events: list[Event]) -> None:
    view = USER_FEATURES.by_name["purchases"]
    sign = {"purchased": 1, "refunded": -1}
    orders = [e for e in events if act_of(e) in sign]
    cents = sum(sign[act_of(e)] * e.commerce.products[0].price_micros for e in orders if e.commerce)

    values = view.read(fold(view, events), millis(NOON))

    assert values["monetary"] == cents / 1_000_000
    assert values["frequency"] == sum(act_of(e) == "purchased" for e in orders)
