"""A row answers the same however little of it is decoded."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from making import NOON, Tape, event, histories

from attune.collect.event import Event, Kind, millis
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.arrived import Arrived
from attune.profiles.found import Found
from attune.profiles.profile import Profile
from feature_repo.views import USER_FEATURES

ADA = ProfileId("ada")
FEWER = FeatureSet(USER_FEATURES.views[:3])


def stored(features: FeatureSet, events: list[Event]) -> Row:
    profile = Profile(ADA, Row(), features)
    for each in Tape()(*events):
        profile.take(ADA, Arrived(each.event, each.position))
    write = profile.write()
    return Row(1, write.states, write.records) if write else Row()


@given(
    histories(),
    st.booleans(),
    st.sampled_from([USER_FEATURES, FEWER]),
    st.dictionaries(
        st.sampled_from([view.state_name for view in USER_FEATURES.views]), st.binary(max_size=40)
    ),
    st.integers(0, 40),
)
def test_what_is_found_is_what_was_kept(
    events: list[Event],
    known: bool,  # noqa: FBT001 - drawn
    written: FeatureSet,
    damaged: dict[str, bytes],
    days: int,
) -> None:
    """Whatever was folded, also by a program with fewer views, and where a state is damaged."""
    if known:
        events = [*events, event(type="identify", kind=Kind.CONTEXTUAL, traits={"plan": "gold"})]
    row = stored(written, events)
    row = Row(row.version, {**row.states, **damaged}, row.records)
    kept = Profile(ADA, row, USER_FEATURES)
    now = millis(NOON + timedelta(days=days))

    found = Found(ADA, row, USER_FEATURES)

    assert (found.first_seen, found.last_seen) == (kept.ledger.first_seen, kept.ledger.last_seen)
    assert found.seams == kept.seams.keys()
    assert found.traits == kept.traits
    for view in USER_FEATURES.views:
        if view.state_name not in found.seams:
            assert found.read(view, now) == kept.folded.read(view, now)
            assert found.newest(view) == kept.folded.newest(view.state_name)
    assert found.lost == {n: why for n, why in kept.lost.items() if n not in found.seams}
