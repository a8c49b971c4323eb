"""What is read from a state is what the definition says of all events, at any moment after."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from library import EVERY_CASE, Case, fold
from past import arriving, histories, moments

SEEDS = st.integers(0, 2**32)


@EVERY_CASE
@settings(max_examples=30)
@given(data=st.data(), seed=SEEDS)
def test_a_state_reads_as_its_definition(case: Case, data: st.DataObject, seed: int) -> None:
    chance = Random(seed)
    events = data.draw(histories(case.products))

    state = fold(case.feature, arriving(events, chance, case.lateness))

    for now in moments(events, chance):
        same(case.feature.read(state, now), case.definition(events, now))


def same(got: Any, wanted: Any) -> None:
    """Equal: floats to nine digits, all else exactly, and of the same type."""
    assert type(got) is type(wanted), (got, wanted)
    if isinstance(wanted, float):
        assert abs(got - wanted) <= 1e-9 * max(1.0, abs(wanted)), (got, wanted)
    elif isinstance(wanted, list | tuple):
        assert len(got) == len(wanted), (got, wanted)
        for one, other in zip(got, wanted, strict=True):
            same(one, other)
    else:
        assert got == wanted
