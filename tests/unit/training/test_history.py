from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, event, histories, shopped

from attune.adapters.feast import state_feature
from attune.collect.event import Event
from attune.features.entities import items_of
from attune.features.feature import act_of
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView
from attune.ids import ProfileId
from feature_repo.objects import offline_path
from feature_repo.views import FEATURES, ITEM_FEATURES, USER_FEATURES
from training.history import Moment, write_history

HOUR = timedelta(hours=1)
ADA = ProfileId("ada")


def fold(view: FeatureView, events: list[Event]) -> bytes | None:
    """The state that is stored after these events; None before the first that concerns it."""
    touching = [one for one in events if act_of(one) in view.acts]
    states = view.empty()
    for one in touching:
        states = view.update(states, one)
    return view.encode(states, max(one.at for one in touching)) if touching else None


def rows(features: FeatureSet, data: Path) -> list[tuple[object, ...]]:
    table = pq.read_table(offline_path(data, features.entity))
    assert table.column_names == [
        features.entity.join_key,
        "event_timestamp",
        "created",
        *map(state_feature, features.views),
    ]
    return sorted(tuple(row.values()) for row in table.to_pylist())


def states(features: FeatureSet, events: list[Event]) -> tuple[bytes | None, ...]:
    return tuple(fold(view, events) for view in features.views)


@settings(max_examples=25, deadline=None)
@given(events=histories(20))
def test_each_state_written_is_the_fold_of_all_that_had_happened(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    ordered = sorted(events, key=lambda one: one.timestamp)
    data = tmp_path_factory.mktemp("data")

    write_history(ordered, FEATURES, data)

    for features, known, parts in (
        (USER_FEATURES, "ada", ordered),
        (ITEM_FEATURES, "p1", [part for one in ordered for _, part in items_of(one)]),
    ):
        acts = frozenset().union(*(view.acts for view in features.views))
        instants = sorted({one.timestamp for one in parts if act_of(one) in acts})
        assert rows(features, data) == [
            (known, at, at, *states(features, [one for one in parts if one.timestamp <= at]))
            for at in instants
        ]


def test_an_anonymous_visitor_becomes_part_of_the_user_they_name(tmp_path: Path) -> None:
    before = shopped("viewed", None, NOON, anonymous_id="a-1")
    named = event("ada", NOON + HOUR, type="identify", anonymous_id="a-1")
    after = shopped("added", None, NOON + 2 * HOUR, anonymous_id="a-1")
    bought = shopped("purchased", "ada", NOON + 3 * HOUR)
    history = write_history([before, named, after, bought], FEATURES, tmp_path)

    found = rows(USER_FEATURES, tmp_path)
    assert [(row[0], row[1]) for row in found] == [
        ("ada", NOON + HOUR),
        ("ada", NOON + 2 * HOUR),
        ("ada", NOON + 3 * HOUR),
        ("anon:a-1", NOON),
    ]
    assert found[2][3:] == states(USER_FEATURES, [before, after, bought])
    # What was known then is the anonymous profile's; that she bought is true of her all along.
    assert history.moments[0] == Moment(ProfileId("anon:a-1"), ADA, NOON)
    assert history.buys(history.moments[0], 3 * HOUR)


def test_two_users_who_each_say_to_be_the_other_do_not_hang_the_fold(tmp_path: Path) -> None:
    events = [
        event("ada", NOON, type="alias", previous_id="eve"),
        event("eve", NOON + HOUR, type="alias", previous_id="ada"),
        shopped("viewed", "eve", NOON + 2 * HOUR),
    ]

    history = write_history(events, FEATURES, tmp_path)

    assert [moment.profile for moment in history.moments] == [ADA]


def test_the_horizon_includes_its_end_and_not_its_beginning(tmp_path: Path) -> None:
    events = [
        shopped("viewed", at=NOON),
        shopped("viewed", at=NOON + HOUR),
        shopped("purchased", at=NOON + 2 * HOUR),
        shopped("viewed", at=NOON + 3 * HOUR),
    ]

    history = write_history(events, FEATURES, tmp_path)

    assert [history.buys(one, HOUR) for one in history.moments] == [False, True, False]
    assert [history.buys(one, 2 * HOUR) for one in history.moments] == [True, True, False]


def test_the_instant_of_a_purchase_is_no_moment_to_predict_it(tmp_path: Path) -> None:
    events = [
        shopped("viewed", at=NOON),
        shopped("purchased", at=NOON),
        shopped("refunded", at=NOON + HOUR),
        event(at=NOON + HOUR, type="group", group_id="g"),
    ]

    assert write_history(events, FEATURES, tmp_path).moments == []


@given(st.integers(0, 5))
@settings(max_examples=3, deadline=None)
def test_an_error_leaves_the_old_history(
    tmp_path_factory: pytest.TempPathFactory, count: int
) -> None:
    data = tmp_path_factory.mktemp("data")
    write_history([shopped("viewed")], FEATURES, data)
    before = rows(USER_FEATURES, data)

    def broken() -> object:
        yield from (shopped("viewed", at=NOON + n * HOUR) for n in range(count))
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        write_history(broken(), FEATURES, data)

    assert rows(USER_FEATURES, data) == before
    assert not list(data.rglob("*.draft"))
