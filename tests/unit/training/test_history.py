from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, event, histories, shopped

from attune.adapters.feast import state_view
from attune.collect.event import Event
from attune.features.feature import act_of
from attune.features.view import FeatureView
from attune.ids import ProfileId
from feature_repo.objects import offline_path
from feature_repo.views import USER_FEATURES
from training.history import Moment, write_history

HOUR = timedelta(hours=1)
ADA = ProfileId("ada")


def fold(view: FeatureView, events: list[Event]) -> bytes:
    states = view.empty()
    for one in events:
        if act_of(one) in view.acts:
            states = view.update(states, one)
    return view.encode(states)


def rows(view: FeatureView, data: Path) -> list[tuple[object, ...]]:
    table = pq.read_table(offline_path(data, view))
    assert table.column_names == [
        "user_id",
        "event_timestamp",
        "created",
        state_view(view.full_name),
    ]
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=25, deadline=None)
@given(events=histories(20))
def test_each_state_written_is_the_fold_of_all_that_had_happened(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    ordered = sorted(events, key=lambda one: one.timestamp)
    data = tmp_path_factory.mktemp("data")

    write_history(ordered, USER_FEATURES, data)

    for view in USER_FEATURES.views:
        instants = sorted({one.timestamp for one in ordered if act_of(one) in view.acts})
        assert rows(view, data) == [
            ("ada", at, at, fold(view, [one for one in ordered if one.timestamp <= at]))
            for at in instants
        ]


def test_an_anonymous_visitor_becomes_part_of_the_user_they_name(tmp_path: Path) -> None:
    before = shopped("viewed", None, NOON, anonymous_id="a-1")
    named = event("ada", NOON + HOUR, type="identify", anonymous_id="a-1")
    after = shopped("added", None, NOON + 2 * HOUR, anonymous_id="a-1")
    bought = shopped("purchased", "ada", NOON + 3 * HOUR)
    view = USER_FEATURES.by_name["activity"]

    history = write_history([before, named, after, bought], USER_FEATURES, tmp_path)

    assert [(row[0], row[1]) for row in rows(view, tmp_path)] == [
        ("anon:a-1", NOON),
        ("ada", NOON + HOUR),
        ("ada", NOON + 2 * HOUR),
        ("ada", NOON + 3 * HOUR),
    ]
    assert rows(view, tmp_path)[-1][-1] == fold(view, [before, after, bought])
    # What was known then is the anonymous profile's; that she bought is true of her all along.
    assert history.moments[0] == Moment(ProfileId("anon:a-1"), ADA, NOON)
    assert history.buys(history.moments[0], 3 * HOUR)


def test_two_users_who_each_say_to_be_the_other_do_not_hang_the_fold(tmp_path: Path) -> None:
    events = [
        event("ada", NOON, type="alias", previous_id="eve"),
        event("eve", NOON + HOUR, type="alias", previous_id="ada"),
        shopped("viewed", "eve", NOON + 2 * HOUR),
    ]

    history = write_history(events, USER_FEATURES, tmp_path)

    assert [moment.profile for moment in history.moments] == [ADA]


def test_the_horizon_includes_its_end_and_not_its_beginning(tmp_path: Path) -> None:
    events = [
        shopped("viewed", at=NOON),
        shopped("viewed", at=NOON + HOUR),
        shopped("purchased", at=NOON + 2 * HOUR),
        shopped("viewed", at=NOON + 3 * HOUR),
    ]

    history = write_history(events, USER_FEATURES, tmp_path)

    assert [history.buys(one, HOUR) for one in history.moments] == [False, True, False]
    assert [history.buys(one, 2 * HOUR) for one in history.moments] == [True, True, False]


def test_the_instant_of_a_purchase_is_no_moment_to_predict_it(tmp_path: Path) -> None:
    events = [
        shopped("viewed", at=NOON),
        shopped("purchased", at=NOON),
        shopped("refunded", at=NOON + HOUR),
        event(at=NOON + HOUR, type="group", group_id="g"),
    ]

    assert write_history(events, USER_FEATURES, tmp_path).moments == []


@given(st.integers(0, 5))
@settings(max_examples=3, deadline=None)
def test_an_error_leaves_the_old_history(
    tmp_path_factory: pytest.TempPathFactory, count: int
) -> None:
    data = tmp_path_factory.mktemp("data")
    view = USER_FEATURES.views[0]
    write_history([shopped("viewed")], USER_FEATURES, data)
    before = rows(view, data)

    def broken() -> object:
        yield from (shopped("viewed", at=NOON + n * HOUR) for n in range(count))
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        write_history(broken(), USER_FEATURES, data)

    assert rows(view, data) == before
    assert not list(data.rglob("*.draft"))
