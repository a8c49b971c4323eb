"""Where states stop being exact, and what still holds there."""

from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library import fold
from making import NOON, event
from naive import Affinity as DefinedAffinity
from naive import Distinct as DefinedDistinct
from naive import Latest as DefinedLatest
from naive import Sessions as DefinedSessions
from naive import categories, estimate, items
from past import END, MANY, arriving, histories, moments, split

from attune.collect.event import Commerce, Event, Product
from attune.features.cart import Cart
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.feature import DAY, HOUR
from attune.features.interest import Affinity
from attune.features.names import CATEGORY, ITEM
from attune.features.sessions import Sessions
from attune.features.ticks import Window

SEEDS = st.integers(0, 2**32)
some = settings(max_examples=40)


@some
@given(events=histories(MANY), seed=SEEDS)
def test_an_affinity_of_too_many_names_stays_bounded_and_its_newest_names_exact(
    events: list[Event], seed: int
) -> None:
    affinity, chance = Affinity(CATEGORY, keep=6, last=5), Random(seed)
    definition = DefinedAffinity(categories)
    ours, theirs = split(events, chance)
    merged = affinity.merge(fold(affinity, ours), fold(affinity, theirs))

    for state in (fold(affinity, arriving(events, chance, None)), merged):
        (newest,) = DefinedLatest(categories)(definition.covered(events), END)
        last, top, shares = affinity.read(state, END)

        assert last == newest
        assert len(state.names) <= 6
        assert len(top) == len(shares) == min(3, len(state.names))
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9
        assert set(top) <= {name for one in events for name in categories(one)}


@some
@given(events=histories(MANY), seed=SEEDS, most=st.integers(1, 12))
def test_distinct_names_are_counted_up_to_the_most_and_then_stay_there(
    events: list[Event], seed: int, most: int
) -> None:
    chance = Random(seed)
    distinct = Distinct(ITEM, Window("9d", DAY, 9), most)

    state = fold(distinct, arriving(events, chance, None))

    for now in moments(events, chance):
        true = len(DefinedDistinct(items, (DAY, 9), None).seen(events, now))
        assert distinct.read(state, now) == (min(true, most),)


@some
@given(events=histories(), seed=SEEDS, keep=st.integers(1, 4))
def test_a_cart_of_too_many_moves_has_the_newest_in_any_order(
    events: list[Event], seed: int, keep: int
) -> None:
    cart, chance = Cart(keep=keep), Random(seed)
    moves = fold(Cart(keep=200), events).moves[-keep:]

    late = fold(cart, arriving(events, chance, None))
    halves = [fold(cart, half) for half in split(events, chance)]

    assert late.moves == moves
    assert cart.merge(*halves).moves == moves


@some
@given(
    minutes=st.lists(st.integers(0, 24 * 60), max_size=30),
    mine=st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_sessions_of_one_day_merge_however_they_are_split(
    minutes: list[int], mine: list[bool]
) -> None:
    sessions = Sessions()
    events = [event(at=NOON, type="page") for _ in minutes]
    times = [END + minute * 60_000 for minute in minutes]

    def folded(flag: bool | None) -> Any:  # noqa: FBT001
        state = sessions.empty()
        for one, at, whose in zip(events, times, mine, strict=False):
            if flag is None or flag is whose:
                state = sessions.update(state, one, at)
        return state

    whole = sessions.pack(folded(None))
    assert sessions.pack(sessions.merge(folded(True), folded(False))) == whole
    assert sessions.pack(sessions.merge(folded(False), folded(True))) == whole


@some
@given(events=histories(), seed=SEEDS)
def test_sessions_leave_out_what_is_later_than_their_bound(events: list[Event], seed: int) -> None:
    """In the order of arrival: what is 24 hours later than a newer one is left out."""
    sessions, chance = Sessions(), Random(seed)
    newest, taken = 0, []
    arrived = arriving(events, chance, 60 * HOUR)
    for one in [one for one in arrived if naive_act(one) in sessions.acts]:
        newest = max(newest, one.at)
        if one.at >= newest - 24 * HOUR:
            taken.append(one)

    state = fold(sessions, arrived)

    assert sessions.read(state, END)[2] == DefinedSessions()(taken, END)[2]


def naive_act(one: Event) -> str:
    return one.commerce.action if one.commerce else one.type


@pytest.mark.parametrize("precision", [4, 8])
@pytest.mark.parametrize("count", [1, 30, 250, 640, 2_000, 20_000])
def test_a_sketch_is_within_four_standard_errors_and_that_of_the_set(
    precision: int, count: int
) -> None:
    sketch = DistinctSketch(ITEM, precision=precision)
    chance = Random(count)
    state = sketch.empty()
    names = [f"{chance.random()}" for _ in range(count)]
    for start in range(0, count, 100):
        lines = tuple(map(Product, names[start : start + 100]))
        at = END - chance.randrange(23 * HOUR)
        state = sketch.update(state, event(commerce=Commerce("viewed", lines)), at)

    (found,) = sketch.read(state, END)

    assert found == pytest.approx(estimate(names, precision), rel=1e-9)
    assert abs(found - count) <= 4 * 1.04 / sqrt(2**precision) * count + 1
    assert len(sketch.pack(state)) <= sketch.largest
