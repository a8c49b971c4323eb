"""Feature services, read by our reader and by Feast's SDK from the same hash."""

from collections.abc import Iterator
from datetime import timedelta

import feast
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import NOON, event, shopped, taken

from attune.adapters.dial import options_of
from attune.adapters.postgres.migrate import migrate
from attune.adapters.reader import Answer, ServiceReader
from attune.adapters.redis import RedisStore, open_wire
from attune.adapters.wire import Wire
from attune.collect.event import Event, Kind, millis
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView, Status
from attune.features.service import FeatureService
from attune.features.view import USER
from attune.ports import Write
from attune.settings import Settings
from consumers.features.consumer import Features
from feature_repo import apply as applying
from feature_repo import services
from feature_repo.apply import apply, open_store, quiet
from feature_repo.views import FEATURES, USER_FEATURES

CREDIT = PlainView(
    "user_credit",
    "What the bank knows of a customer, each night",
    USER,
    (
        Field("credit_limit", "float64", "What they may owe", "currency"),
        Field("credit_score", "int64", "What an agency thinks of them"),
    ),
    source="credit.parquet",
    ttl=timedelta(days=2),
    created="created",
)
USERS = FeatureSet(USER_FEATURES.views, plain=(CREDIT,))
EVERY = (USERS, *FEATURES[1:])
BOTH = FeatureService(
    "both",
    "Of both kinds",
    USERS,
    {"activity": ("views_24h", "spent_7d"), "purchases": (), "user_credit": ()},
)
NIGHT = NOON - timedelta(hours=9)
LONG_AGO = NOON - timedelta(days=5)
NOW = millis(NOON)


@pytest.fixture(autouse=True)
def migrated(settings: Settings) -> None:
    migrate(settings)


@pytest.fixture
def feature_store(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[feast.FeatureStore]:
    monkeypatch.setattr(applying, "FEATURES", EVERY)
    monkeypatch.setattr(services, "OWN", (BOTH,))
    assert "create feature service both" in apply(settings)
    with open_store(settings) as store:
        yield store


def materialized(settings: Settings, store: feast.FeatureStore) -> None:
    """Ada's are of last night, one of bob's is null, eve's are beyond two days; carl has none."""
    times = pa.array([NIGHT, NIGHT, LONG_AGO], pa.timestamp("us", tz="UTC"))
    table = pa.table(
        {
            "user_id": ["ada", "bob", "eve"],
            "credit_limit": [1.5, None, 2.5],
            "credit_score": [5, 6, 7],
            "event_timestamp": times,
            "created": times,
        }
    )
    settings.data.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, settings.data / CREDIT.source)
    with quiet():
        store.materialize(NOON - timedelta(days=9), NOON + timedelta(days=1))


async def answers(settings: Settings, asked: list[str], now: int = NOW) -> list[Answer]:
    with open_wire(str(settings.redis)) as wire:
        return await ServiceReader(wire, settings.project, BOTH).read(asked, now)


async def folded(settings: Settings, *events: Event) -> None:
    with open_wire(str(settings.redis)) as wire:
        store = RedisStore(wire, settings.project, USERS)
        await Features((store, USERS)).take(taken(*events))


async def test_values_and_times_are_feasts_and_statuses_say_what_feast_leaves_open(
    settings: Settings, feature_store: feast.FeatureStore
) -> None:
    asked = ["ada", "bob", "carl", "eve", "ada"]
    materialized(settings, feature_store)
    acts = [shopped(act, name) for act in ("viewed", "purchased") for name in ("ada", "eve")]
    await folded(settings, *acts, shopped("viewed", "bob"))

    found = await answers(settings, asked)

    told = feature_store.get_online_features(
        features=feature_store.get_feature_service("both"),
        entity_rows=[{"user_id": each, "now": NOW} for each in asked],
    ).to_dict(include_event_timestamps=True)
    assert [answer.id for answer in found] == asked
    for n, answer in enumerate(found):
        assert answer.degraded == []
        assert {*answer.values, "user_id"} == {name for name in told if not name.endswith("__ts")}
        for name, value in answer.values.items():
            if answer.statuses[name] is not Status.OUTSIDE_MAX_AGE:
                assert told[name][n] == value
        for name in ("credit_limit", "credit_score"):
            assert (answer.event_times["user_credit"] or 0) == 1000 * told[f"{name}__ts"][n]
    present, null, absent = Status.PRESENT, Status.NULL, Status.NOT_FOUND
    old = Status.OUTSIDE_MAX_AGE
    assert [
        [a.statuses[n] for n in ("views_24h", "frequency", "credit_limit", "credit_score")]
        for a in found
    ] == [
        [present, present, present, present],
        [present, absent, null, present],
        [absent, absent, absent, absent],
        [present, present, old, old],
        [present, present, present, present],
    ]
    # Feast gives what is beyond its time to live; a join of its own for training does not.
    assert (told["credit_limit"][3], found[3].values["credit_limit"]) == (2.5, None)
    assert found[1].event_times == {
        "activity": NOW, "purchases": None, "user_credit": millis(NIGHT)
    }  # fmt: skip


async def test_who_was_handed_over_is_found_under_the_old_id(settings: Settings) -> None:
    later = NOON + timedelta(minutes=1)
    await folded(
        settings,
        shopped("viewed", None, anonymous_id="x"),
        event("ada", later, type="identify", kind=Kind.CONTEXTUAL, anonymous_id="x"),
    )

    one, other = await answers(settings, ["anon:x", "ada"])

    assert (one.id, one.values) == ("ada", other.values)
    assert one.values["views_24h"] == 1
    assert one.now == millis(later)  # not before the latest event


async def test_a_state_or_record_that_cannot_be_read_is_named(settings: Settings) -> None:
    await folded(settings, shopped("viewed", "ada"))
    with open_wire(str(settings.redis)) as wire:
        store = RedisStore(wire, settings.project, USERS)
        version = (await store.load(["ada"]))["ada"].version
        await store.save([Write("ada", version, NOW, {"activity": b"\x00"})])
        await store.save([Write("bob", 0, NOW, {}, {"ledger": b"\x00"})])

    ada, bob = await answers(settings, ["ada", "bob"])

    assert (ada.values["views_24h"], bob.values["views_24h"]) == (0, 0)
    assert ada.degraded == ["features.activity: user_activity v1 does not begin as it should"]
    assert bob.degraded[0].startswith("features: a record of user bob: format")


def test_every_service_of_this_installation_can_be_read() -> None:
    wire = Wire(options_of("redis://127.0.0.1:1/0"), 1.0)
    for features in FEATURES:
        for service in services.services_of(features):
            assert ServiceReader(wire, "shop", service).service is service
