from datetime import timedelta

import pytest
from making import NOON, event, shopped

from attune.collect.event import millis
from attune.errors import ConfigurationError
from attune.features.feature import CorruptState
from attune.features.feature_set import FeatureSet
from attune.features.sessions import Sessions
from attune.features.view import FeatureView
from feature_repo.views import USER_FEATURES

NOW = millis(NOON)
HOUR = 3_600_000


def test_a_window_forgets_although_nothing_happened_since() -> None:
    view = USER_FEATURES.by_name["activity"]
    states = view.update(view.empty(), shopped("viewed"))

    assert view.read(states, NOW)["views_1h"] == 1
    assert view.read(states, NOW + HOUR)["views_1h"] == 0
    assert view.read(states, NOW + HOUR)["views_24h"] == 1
    assert view.read(states, NOW + 8 * 24 * HOUR)["views_7d"] == 0


def test_the_score_rises_with_engagement_and_falls_with_time() -> None:
    view = USER_FEATURES.by_name["activity"]
    states = view.empty()
    scores = []
    for _ in range(17):
        states = view.update(states, shopped("viewed"))
        scores.append(view.read(states, NOW)["behavior_score"])

    assert scores == sorted(scores)
    assert scores[9] == pytest.approx(63.21, abs=0.01)
    assert scores[-1] > 80
    assert view.read(states, NOW + 48 * HOUR)["behavior_score"] == pytest.approx(57.26, abs=0.01)


def test_an_event_later_than_the_bound_does_not_join_a_session() -> None:
    sessions = Sessions()
    state = sessions.update(sessions.empty(), event(at=NOON), NOW)

    state = sessions.update(state, event(at=NOON - timedelta(hours=25)), NOW - 25 * HOUR)

    assert sessions.read(state, NOW) == (0.0, 1, 1, None, None)


def test_sessions_stay_small_over_a_year() -> None:
    sessions = Sessions()
    state = sessions.empty()
    for day in range(365):
        state = sessions.update(state, event(), NOW + day * 24 * HOUR)

    assert len(sessions.pack(state)) < 60
    assert sessions.read(state, NOW + 364 * 24 * HOUR) == (0.0, 1, 365, 0.0, 1.0)


def test_a_state_of_another_version_is_not_read() -> None:
    view = FeatureView("visits", "", (Sessions(),))
    newer = FeatureView("visits", "", (Sessions(),), version=2)

    with pytest.raises(CorruptState, match="user_visits v2"):
        newer.decode(view.encode(view.empty()))


def test_a_field_declared_twice_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="field 'session_seconds' is declared twice"):
        FeatureSet([FeatureView(name, "", (Sessions(),)) for name in ("one", "two")])


@pytest.mark.parametrize("version", [0, 256])
def test_a_version_that_a_byte_does_not_hold_is_refused(version: int) -> None:
    with pytest.raises(ConfigurationError, match=f"version is {version}: choose from 1 to 255"):
        FeatureView("visits", "", (Sessions(),), version=version)
