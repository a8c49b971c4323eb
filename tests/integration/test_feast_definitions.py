"""Feast's own SDK and command line on the store that Attune writes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import feast
import pandas as pd
import pytest
from making import NOON, event, shopped, taken
from typer.testing import CliRunner

from attune.adapters.postgres.migrate import migrate
from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import Commerce, Event, Kind, Product, millis
from attune.errors import ConfigurationError, Unavailable
from attune.features.entities import CUSTOMERS
from attune.features.feature import Field, Value, act_of
from attune.features.feature_set import FeatureSet
from attune.features.moments import FirstAndLast
from attune.features.view import USER, FeatureView
from attune.ports import Write
from attune.settings import Settings
from cli.main import app
from consumers.features.consumer import Features
from feature_repo import apply as applying
from feature_repo import on_demand, services
from feature_repo.apply import Plan, apply, environment, open_store, quiet, repo_config
from feature_repo.objects import repo_contents
from feature_repo.services import MODEL_INPUTS, model_inputs, service_of
from feature_repo.views import FEATURES, USER_FEATURES
from training.history import write_history

_HOURS = [timedelta(hours=h) for h in (0, 0.5, 3, 30, 200)]


@pytest.fixture(autouse=True)
def migrated(settings: Settings) -> None:
    migrate(settings)


def histories(users: int, seed: int) -> list[Event]:
    """A few random hours of some visitors, in the order of time."""
    chance = Random(seed)
    made = []
    for n in range(users):
        user = f"user-{n}é"
        times = sorted(NOON - timedelta(seconds=chance.randrange(80_000)) for _ in range(25))
        made += [one(chance, user, at) for at in times[: chance.randrange(26)]]
    return sorted(made, key=lambda one_: one_.timestamp)


def one(chance: Random, user: str, at: datetime) -> Event:
    visit = f"{user}/{at.hour // 8}" if chance.random() < 0.8 else None
    if chance.random() < 0.2:
        return event(user, at, type="page", session_id=visit)
    act = chance.choice(["viewed", "viewed", "added", "removed", "purchased", "refunded"])
    products = tuple(
        Product(item, chance.choice(["a", "b.c", None]), "acme", chance.randrange(10**9))
        for item in chance.sample(["p1", "p2", "p3é"], chance.choice([1, 1, 2]))
    )
    kind = Kind.TRANSACTIONAL if act in {"purchased", "refunded"} else Kind.BEHAVIORAL
    return event(user, at, kind=kind, commerce=Commerce(act, products), session_id=visit)


def by_entity(features: FeatureSet, events: list[Event]) -> dict[str, list[Event]]:
    """What each entity has of the events, an id nobody knows included."""
    found: dict[str, list[Event]] = {"nobody": []}
    for one_ in events:
        of_user = [(one_.profile, one_)] if features.entity == USER else []
        for known, part in of_user or features.entity.slices(one_):
            found.setdefault(known, []).append(part)
    return found


def states(view: FeatureView, events: list[Event]) -> bytes:
    folded = view.empty()
    for one_ in events:
        if act_of(one_) in view.acts:
            folded = view.update(folded, one_)
    return view.encode(folded)


def read(features: FeatureSet, events: list[Event], now: int) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for view in features.views:
        values |= view.read(view.decode(states(view, events)), now)
    return values


EVERY_ENTITY = pytest.mark.parametrize("features", FEATURES, ids=lambda each: each.entity.name)


def refused(_: Plan) -> bool:
    return False


def with_views(monkeypatch: pytest.MonkeyPatch, *views: FeatureView) -> None:
    """Put other views in the place of those of users that have their names."""
    kept = {view.name: view for view in USER_FEATURES.views} | {view.name: view for view in views}
    others = [features for features in FEATURES if features is not USER_FEATURES]
    monkeypatch.setattr(
        applying, "FEATURES", (FeatureSet(kept.values(), ranks=USER_FEATURES.ranks), *others)
    )
    for view in views:  # `on_demand` has a function for each view that is declared
        read = on_demand._reader(view)  # noqa: SLF001 - as it makes them itself
        monkeypatch.setitem(on_demand.READS, view.full_name, read)
        monkeypatch.setattr(on_demand, view.full_name, read, raising=False)


def changes_of(settings: Settings, **options: bool) -> tuple[list[str], list[str]]:
    """What is to be applied, and which views would have to be backfilled."""
    plans: list[Plan] = []

    def agree(plan: Plan) -> bool:
        plans.append(plan)
        return True

    changes = apply(settings, agree=agree, **options)
    return changes, plans[0].unfilled if plans else []


@pytest.fixture
def feature_store(settings: Settings) -> Iterator[feast.FeatureStore]:
    apply(settings)
    with open_store(settings) as store:
        yield store


def test_applying_twice_changes_nothing_the_second_time(settings: Settings) -> None:
    first = apply(settings)

    assert "create on demand feature view user_activity" in first
    assert "create feature view user_state" in first
    assert apply(settings) == []
    assert apply(settings, agree=refused) == []


def test_a_plan_changes_nothing(settings: Settings) -> None:
    planned = apply(settings, agree=refused)

    assert "create feature service user_features" in planned
    assert set(planned) - set(apply(settings)) <= {f"create project {settings.project}"}


def test_what_is_no_longer_declared_is_deleted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(settings)
    fewer = [view for view in USER_FEATURES.views if view.name != "interest"]
    others = [features for features in FEATURES if features is not USER_FEATURES]
    monkeypatch.setattr(applying, "FEATURES", (FeatureSet(fewer), *others))
    with pytest.raises(ConfigurationError, match="shop_page names a view that is not there, 'int"):
        apply(settings)
    monkeypatch.setattr(services, "OWN", ())

    changes = apply(settings)

    assert "delete feature service shop_page" in changes
    assert "delete on demand feature view user_interest" in changes
    assert any(line.startswith("change feature view user_state: features") for line in changes)
    assert any(line.startswith("change feature service user_features") for line in changes)
    assert apply(settings) == []


CART = USER_FEATURES.by_name["cart"]


def test_a_view_that_means_something_else_needs_a_new_version(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(settings)
    other = replace(CART, features=(*CART.features, FirstAndLast("_order")))
    with_views(monkeypatch, other)

    with pytest.raises(ConfigurationError, match="user_cart: has changed: raise its version"):
        apply(settings)
    with_views(monkeypatch, replace(other, version=2))
    _, unfilled = changes_of(settings)

    assert unfilled == ["user_cart: version 1 -> 2"]
    assert apply(settings) == []
    with_views(monkeypatch, replace(CART, version=1))
    with pytest.raises(ConfigurationError, match="goes back from version 2"):
        apply(settings)


def test_a_view_that_was_only_rewritten_keeps_its_version(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(settings)

    class Rewritten(type(CART.features[0])):
        """The same, said otherwise."""

    with_views(monkeypatch, replace(CART, features=(Rewritten(),)))

    with pytest.raises(ConfigurationError, match="--same-meaning"):
        apply(settings)
    changes, unfilled = changes_of(settings, same_meaning=True)

    assert unfilled == []
    assert [change.partition(":")[0] for change in changes] == [
        "change feature view user_state",
        "tell running servers",
    ]
    assert apply(settings) == []


def test_a_new_view_is_to_be_backfilled(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changes_of(settings)[1] == []  # the first of all: there is nothing to fill them from

    class Returned(FirstAndLast):
        """A truth value, which no view of this installation has."""

        fields = (Field("returned", "bool", "Whether they came a second time"),)

        def read(self, state: tuple[int, int], now: int) -> tuple[Value, ...]:  # noqa: ARG002
            return (state[0] != state[1],)

    with_views(monkeypatch, FeatureView("orders", "Whether they order again", (Returned(),)))

    changes, unfilled = changes_of(settings)

    assert unfilled == ["user_orders: new"]
    assert "create on demand feature view user_orders" in changes
    assert apply(settings) == []


def test_what_is_declared_wrongly_reaches_no_registry(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_views(monkeypatch, FeatureView("Orders", "When they order", (FirstAndLast("_order"),)))

    with pytest.raises(ConfigurationError, match="no name for a view"):
        apply(settings)


def test_the_command_shows_costs_and_the_plan_before_it_applies(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke

    planned = run(app, ["features", "apply", "--plan"], catch_exceptions=False).stdout
    applied = run(app, ["features", "apply"], catch_exceptions=False).stdout
    again = run(app, ["features", "apply"], catch_exceptions=False).stdout

    assert "us an event" in planned
    assert "create feature view user_state" in planned
    assert "create feature view user_state" in applied
    assert "nothing to change" in again


def environment_of(settings: Settings) -> dict[str, str]:
    """What `attune` itself reads."""
    return {
        "ATTUNE_PROJECT": settings.project,
        "ATTUNE_DATA": str(settings.data),
        "ATTUNE_POSTGRES": str(settings.postgres),
        "ATTUNE_POSTGRES_SCHEMA": settings.postgres_schema,
        "ATTUNE_REDIS": str(settings.redis),
    }


def test_feasts_command_line_finds_the_same_from_anywhere(
    settings: Settings, tmp_path: Path
) -> None:
    apply(settings, agree=refused)  # makes the schema, as `attune up` does
    repo = Path(applying.__file__).parent
    command = [str(Path(sys.executable).with_name("feast")), "-c", str(repo), "apply"]

    done = subprocess.run(
        command,
        env=os.environ | environment(settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    # It knows nothing of our servers.
    assert [change.partition(":")[0] for change in apply(settings)] == ["tell running servers"]


@EVERY_ENTITY
async def test_feast_reads_online_what_attune_wrote(
    settings: Settings, feature_store: feast.FeatureStore, features: FeatureSet
) -> None:
    known = by_entity(features, histories(12, seed=3))
    with open_wire(str(settings.redis)) as wire:
        writes = [
            Write(
                each,
                0,
                millis(NOON),
                {view.state_name: states(view, events) for view in features.views},
            )
            for each, events in known.items()
            if events
        ]
        assert await RedisStore(wire, settings.project, features).save(writes) == set()
    entity = features.entity
    service = feature_store.get_feature_service(service_of(entity))
    asked = [(each, millis(NOON + later)) for each in known for later in _HOURS]

    found = feature_store.get_online_features(
        features=service, entity_rows=[{entity.join_key: each, "now": now} for each, now in asked]
    ).to_dict()

    for n, (each, now) in enumerate(asked):
        assert {name: column[n] for name, column in found.items() if name != entity.join_key} == (
            read(features, known[each], now)
        )


@EVERY_ENTITY
def test_feast_joins_in_history_what_a_fold_up_to_then_gives(
    settings: Settings, feature_store: feast.FeatureStore, features: FeatureSet
) -> None:
    everything = histories(8, seed=4)
    known = by_entity(features, everything)
    write_history(everything, FEATURES, settings.data)
    chance = Random(5)
    moments = [one_.timestamp for one_ in everything] + [
        NOON - timedelta(microseconds=chance.randrange(90_000 * 10**6)) for _ in range(100)
    ]
    asked = pd.DataFrame(
        {
            "row": range(len(moments)),
            features.entity.join_key: [chance.choice(list(known)) for _ in moments],
            "event_timestamp": pd.DatetimeIndex(moments, dtype="datetime64[us, UTC]"),
            "now": [millis(at) for at in moments],
        }
    )

    with quiet():
        found = feature_store.get_historical_features(
            entity_df=asked,
            features=feature_store.get_feature_service(service_of(features.entity)),
        ).to_arrow()

    assert sorted(found["row"].to_pylist()) == list(range(len(moments)))
    for row in found.to_pylist():
        at, each = moments[row["row"]], row[features.entity.join_key]
        past = [one_ for one_ in known[each] if one_.timestamp <= at]
        expected = read(features, past, millis(at))
        assert {name: row[name] for name in expected} == expected


async def test_feast_ranks_a_customer_among_all_as_attune_does(
    settings: Settings, feature_store: feast.FeatureStore
) -> None:
    bought = [shopped("purchased", f"u{n}", price=n) for n in range(1, 11) for _ in range(n)]
    with open_wire(str(settings.redis)) as wire:
        stores = [(RedisStore(wire, settings.project, each), each) for each in FEATURES]
        await Features(*stores).take(taken(*bought))

    found = feature_store.get_online_features(
        features=feature_store.get_feature_service("user_ranks"),
        entity_rows=[
            {"user_id": user, "population_id": CUSTOMERS, "now": millis(NOON)}
            for user in ("u10", "u1", "nobody")
        ],
    ).to_dict()

    assert found["rfm"] == [555, 511, None]
    assert found["monetary_quintile"] == [5, 1, None]


def test_a_state_that_cannot_be_read_counts_as_nothing_known(
    feature_store: feast.FeatureStore,
) -> None:
    odfv = feature_store.get_on_demand_feature_view("user_purchases")

    found = odfv.feature_transformation.udf(
        {"user_purchases_state": [b"\xa7\x09not a state", None], "now": [0, 0]}
    )

    assert found == {
        "recency_days": [None] * 2,
        "frequency": [0] * 2,
        "monetary": [0.0] * 2,
        "average_order": [None] * 2,
    }


def test_models_are_given_the_numbers_and_nothing_else(feature_store: feast.FeatureStore) -> None:
    service = feature_store.get_feature_service(MODEL_INPUTS)

    offered = [
        feature.name
        for projection in service.feature_view_projections
        for feature in projection.features
    ]

    assert offered == [field.name for field in model_inputs(USER_FEATURES)]
    assert "last_categories" not in offered


def test_the_registry_says_what_each_field_means(feature_store: feast.FeatureStore) -> None:
    tags = feature_store.get_on_demand_feature_view("user_session").tags

    assert tags["session_depth"] == "Events in the current session (events)"


def test_the_registry_holds_names_of_functions_and_no_code(
    feature_store: feast.FeatureStore,
) -> None:
    for view in USER_FEATURES.views:
        found = feature_store.get_on_demand_feature_view(view.full_name)

        assert found.feature_transformation.udf_string == (
            f"from feature_repo.on_demand import {view.full_name}"
        )


def test_postgres_away_is_said_in_one_line(settings: Settings) -> None:
    elsewhere = settings.model_copy(
        update={"postgres": type(settings.postgres)("postgresql://postgres@127.0.0.1:9/postgres")}
    )

    with pytest.raises(Unavailable, match="PostgreSQL is unavailable"):
        apply(elsewhere)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("redis://cache:6380/2", "cache:6380,db=2,{timeouts}"),
        (
            "rediss://u:a%23b@cache",
            'cache:6379,db=0,{timeouts},ssl=true,username="u",password="a#b"',
        ),
    ],
)
def test_the_address_of_redis_is_written_as_feast_reads_it(
    settings: Settings, url: str, written: str
) -> None:
    other = settings.model_copy(update={"redis": type(settings.redis)(url)})

    timeouts = "socket_timeout=2,socket_connect_timeout=2"
    assert environment(other)["ATTUNE_FEAST_REDIS"] == written.format(timeouts=timeouts)


def test_a_cluster_is_one_for_feast_too_and_has_no_numbered_databases(settings: Settings) -> None:
    other = settings.model_copy(update={"redis_cluster": True})
    made = environment(other)

    assert made["ATTUNE_FEAST_REDIS_TYPE"] == "redis_cluster"
    assert "db=" not in made["ATTUNE_FEAST_REDIS"]
    assert repo_config(other).online_store.redis_type == "redis_cluster"


@pytest.mark.parametrize("url", ["redis://:a,b@cache:6379/0", "redis://[::1]:6379/0"])
def test_an_address_that_feast_cannot_read_is_refused(settings: Settings, url: str) -> None:
    other = settings.model_copy(update={"redis": type(settings.redis)(url)})

    with pytest.raises(ConfigurationError, match="ATTUNE_REDIS"):
        environment(other)


def test_declarations_need_no_server() -> None:
    contents = repo_contents(FEATURES, "shop", Path("somewhere"))

    assert len(contents.on_demand_feature_views) == sum(
        len(features.views) + len(features.ranks) for features in FEATURES
    )
    assert all(Path(view.batch_source.path).is_absolute() for view in contents.feature_views)
