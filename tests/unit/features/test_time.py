"""What moves the clock of a state: only what it keeps something of, or storing it would tell."""

import pytest
from making import NOON, event, shopped

from attune.collect.event import Commerce, millis
from attune.features.distinct import Distinct, DistinctSketch
from attune.features.feature import DAY
from attune.features.interest import Affinity
from attune.features.names import CATEGORY, ITEM

NOW = millis(NOON)


@pytest.mark.parametrize(
    "feature", [Affinity(CATEGORY), Distinct(ITEM), DistinctSketch(ITEM)], ids=type
)
def test_an_event_that_names_nothing_leaves_no_trace(feature: object) -> None:
    nameless = event(commerce=Commerce("viewed"))

    state = feature.update(feature.empty(), nameless, NOW)
    state = feature.update(state, shopped("viewed"), NOW - 99 * DAY)

    alone = feature.update(feature.empty(), shopped("viewed"), NOW - 99 * DAY)
    assert feature.pack(state) == feature.pack(alone) != b""
