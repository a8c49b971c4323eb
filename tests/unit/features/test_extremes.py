"""What no visitor does, but a sender can say: states hold it, and go on."""

from datetime import UTC, datetime, timedelta

import pytest
from making import NOON, event, shopped

from attune.collect.event import Commerce, Event, millis
from attune.features.feature import DAY, act_of
from attune.features.purchases import Purchases
from attune.features.sessions import Sessions
from attune.features.shares import CHANNEL, Shares
from attune.features.view import FeatureView, States
from attune.features.windows import Count, Decay, Sum, Windows
from feature_repo.views import USER_FEATURES

NOW = millis(NOON)
VIEWS = pytest.mark.parametrize("view", USER_FEATURES.views, ids=lambda view: view.name)


def fold(view: FeatureView, events: list[Event]) -> States:
    """The states, packed and unpacked after every event, as a consumer would."""
    states = view.empty()
    for one in events:
        if act_of(one) in view.acts:
            states = view.decode(view.encode(view.update(states, one)))
    return states


def test_orders_beyond_64_bits_stop_at_the_largest_amount_that_can_be_kept() -> None:
    view = FeatureView("purchases", "", (Purchases(),))
    order = Commerce("purchased", revenue_micros=10**18)  # the most that the collector accepts

    values = view.read(fold(view, [event(commerce=order) for _ in range(12)]), NOW)

    assert values["frequency"] == 12
    assert values["monetary"] == pytest.approx(2**63 / 1_000_000)


def test_refunds_beyond_64_bits_stop_there_too() -> None:
    view = FeatureView("purchases", "", (Purchases(),))
    refund = Commerce("refunded", revenue_micros=10**18)

    values = view.read(fold(view, [event(commerce=refund) for _ in range(12)]), NOW)

    assert values["monetary"] == pytest.approx(-(2**63) / 1_000_000)


def test_a_screen_that_never_sleeps_is_one_session_of_which_the_last_weeks_are_kept() -> None:
    view = FeatureView("session", "", (Sessions(),))
    minutes = range(0, 60 * 24 * 60, 25)
    start = NOON - timedelta(days=60)

    states = fold(view, [event(at=start + timedelta(minutes=m), type="page") for m in minutes])

    values = view.read(states, millis(start + timedelta(minutes=minutes[-1])))
    assert values["sessions"] == 1
    assert values["session_depth"] == len(minutes)
    assert values["session_seconds"] == pytest.approx(2**32 / 1000, abs=1)


@VIEWS
@pytest.mark.parametrize("year", [1970, 2038, 2107, 9999])
def test_any_year_of_the_calendar_can_be_kept(view: FeatureView, year: int) -> None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    events = [shopped("viewed", at=at), shopped("purchased", at=at), event(at=at, type="page")]

    view.read(fold(view, events), millis(at))


def test_amounts_in_windows_stop_where_64_bits_do() -> None:
    view = FeatureView("spending", "", (Windows((Sum("spent", "purchased"),)),))
    order = Commerce("purchased", revenue_micros=10**18)

    values = view.read(fold(view, [event(commerce=order) for _ in range(30)]), NOW)

    assert values["spent_1h"] == pytest.approx(2**64 / 1_000_000)


def test_a_score_does_not_fall_below_0_however_much_is_taken_back() -> None:
    decay = Decay("score", {"removed": -2}, "24h", DAY, "", scale=1)
    windows = Windows((Count("removed", "removed"),), decays=(decay,), hidden={"removed"})
    state = windows.empty()
    for _ in range(1_000):
        state = windows.update(state, shopped("removed"), NOW)

    assert windows.read(state, NOW) == (0.0,)


@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("http://[", "referral"),
        ("https://t.co/abc", "social"),
        ("https://t.company.example/", "referral"),
        ("https://www.google.co.uk/", "search"),
        ("?", "referral"),
    ],
)
def test_whatever_stands_in_a_referrer_is_a_channel(referrer: str, channel: str) -> None:
    shares = Shares(CHANNEL)
    page = event(type="page", context={"page": {"referrer": referrer}})

    assert shares.read(shares.update(shares.empty(), page, NOW), NOW) == (channel, 1.0)
