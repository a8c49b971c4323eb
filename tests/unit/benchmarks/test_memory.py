import random
from itertools import pairwise

import memory
import pytest


@pytest.mark.parametrize("kind", memory.KINDS, ids=lambda kind: kind.name)
def test_a_history_is_as_long_as_it_says(kind: memory.Visitors) -> None:
    events = list(memory.history(random.Random(1), "ada", 30, kind.events))

    assert len(events) == kind.events
    assert {event.profile for event in events} == {"ada"}
    days = (events[-1].timestamp - min(e.timestamp for e in events)).days
    assert days <= 30


def test_ten_times_the_events_are_ten_times_the_days() -> None:
    events = list(memory.history(random.Random(1), "ada", 300, 500))

    assert len(events) == 500
    assert (events[-1].timestamp - events[0].timestamp).days > 200


def test_offsets_rise_in_batches_of_the_runners_size() -> None:
    events = memory.history(random.Random(1), "ada", 300, 6000)

    batches = list(memory.Log(6).batches(events))

    assert [len(batch) for batch in batches] == [5000, 1000]
    taken = [taken for batch in batches for taken in batch]
    assert all(a.position.offset < b.position.offset for a, b in pairwise(taken))


def test_the_costliest_visitors_of_each_round_are_compared() -> None:
    found = memory.result(
        {"light x1": [500, 600], "heavy x10": [1000, 400]},
        {"light x1": [700, 800], "heavy x10": [1200, 600]},
    )

    assert found.ours == 800
    assert found.peer == 1000
    assert "light x1 550" in found.note
    assert "heavy x10 900" in found.note


def test_the_claim_is_about_thirty_features() -> None:
    assert len(memory.CLAIMED.fields) == 30
