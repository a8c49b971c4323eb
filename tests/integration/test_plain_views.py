"""An ordinary Feast view, filled by `feast materialize`, beside what Attune streams."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feast
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answering import answering, reception
from credit import CREDIT, WITH_CREDIT
from feast_values import golden
from making import NOON, Tape, shopped

from attune.adapters.postgres.migrate import migrate
from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import millis
from attune.errors import ConfigurationError
from attune.features.plain import STORED_TYPES, Status
from attune.ids import ProfileId
from attune.settings import Settings
from consumers.features.consumer import Features
from feature_repo import apply as applying
from feature_repo.apply import apply, open_store, quiet
from feature_repo.services import model_inputs
from feature_repo.stored import require_sources
from training.dataset import join
from training.history import write_history

USERS = WITH_CREDIT[0]
NIGHT = NOON - timedelta(hours=9)
TYPES: dict[str, pa.DataType] = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "bytes": pa.binary(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
VALUES: dict[str, list[Any]] = {
    "int32": [0, -1, 2**31 - 1],
    "int64": [0, -(2**63), 2**53 + 1],
    "float32": [0.0, 1.5, 0.1],
    "float64": [0.0, -1e300, 0.1],
    "bool": [False, True, True],
    "string": ["", "é" * 90, "a"],
    "bytes": [b"", b"\x00\xff", b"x" * 300],
    "timestamp": [datetime(1970, 1, 1, tzinfo=UTC), NOON, NIGHT],
}
KNOWN = ("ada", "bob", "eve")


@pytest.fixture(autouse=True)
def migrated(settings: Settings) -> None:
    migrate(settings)


def rows(at: datetime, **more: list[Any]) -> pa.Table:
    """What the job found of three customers, of each type a value."""
    columns: dict[str, pa.Array] = {
        "user_id": pa.array(KNOWN),
        "event_timestamp": pa.array([at] * 3, TYPES["timestamp"]),
        "created": pa.array([at] * 3, TYPES["timestamp"]),
        "credit_limit": pa.array(more.get("limit", [1.5, 2.5, None]), pa.float64()),
        "credit_score": pa.array(more.get("score", [5, 6, 7]), pa.int64()),
    }
    for kind in STORED_TYPES:
        one = kind.removesuffix("_list")
        values = VALUES[one]
        listed = kind != one
        columns[f"credit_{kind}"] = pa.array(
            [values, values[:1], values[:2]] if listed else values,
            pa.list_(TYPES[one]) if listed else TYPES[one],
        )
    return pa.table(columns)


def write(settings: Settings, *tables: pa.Table) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), settings.data / CREDIT.source)


def materialize(store: feast.FeatureStore) -> None:
    """As `feast materialize` does, without naming a view: states are not its business."""
    with quiet():
        store.materialize(NOON - timedelta(days=9), NOON + timedelta(days=9))


@pytest.fixture
def feature_store(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[feast.FeatureStore]:
    monkeypatch.setattr(applying, "FEATURES", WITH_CREDIT)
    changes = apply(settings)
    assert "create feature view user_credit" in changes
    assert apply(settings) == []
    with open_store(settings) as store:
        yield store


def online(store: feast.FeatureStore) -> dict[str, list[Any]]:
    """What Feast's own SDK answers, for the known and an unknown customer."""
    found: dict[str, list[Any]] = store.get_online_features(
        features=[f"{CREDIT.name}:{field.name}" for field in CREDIT.fields],
        entity_rows=[{"user_id": each} for each in (*KNOWN, "nobody")],
    ).to_dict()
    return found


async def test_attune_answers_what_feast_stored_as_feast_does(
    settings: Settings, feature_store: feast.FeatureStore
) -> None:
    write(settings, rows(NIGHT))
    materialize(feature_store)
    told = online(feature_store)

    with open_wire(str(settings.redis)) as wire:
        finder = reception(RedisStore(wire, settings.project, USERS), users=USERS)
        for n, each in enumerate((*KNOWN, "nobody")):
            visitor = await finder.visitor(ProfileId(each), millis(NOON))
            stored = visitor.views.stored[CREDIT.name]

            assert visitor.degraded == []
            assert dict(stored.values) == {
                field.name: aware(told[field.name][n]) for field in CREDIT.fields
            }
            known = each != "nobody"
            assert stored.status is (Status.PRESENT if known else Status.NOT_FOUND)
            assert stored.as_of == (millis(NIGHT) if known else None)


def aware(value: Any) -> Any:
    """Feast's moments have a time zone in scalars and none in some lists."""
    if isinstance(value, list):
        return [aware(each) for each in value]
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return value


async def test_feast_and_the_consumer_write_to_one_hash_and_neither_disturbs_the_other(
    settings: Settings, feature_store: feast.FeatureStore
) -> None:
    query = """{ user(id: "ada") { degraded features {
        userCredit { creditLimit status } activity { views1h } } } }"""
    tape = Tape()
    write(settings, rows(NIGHT))
    with open_wire(str(settings.redis)) as wire:
        store = RedisStore(wire, settings.project, USERS)
        consumer = Features((store, USERS))

        async def told() -> tuple[Any, Any]:
            async with answering(store, every=WITH_CREDIT) as client:
                answer = (await client.post("/graphql", json={"query": query})).json()
            user = answer["data"]["user"]
            assert user["degraded"] == []
            features = user["features"]
            return features["userCredit"]["creditLimit"], features["activity"]["views1h"]

        await consumer.take(tape(shopped("viewed")))
        assert await told() == (None, 1)
        materialize(feature_store)
        assert await told() == (1.5, 1)
        await consumer.take(tape(shopped("viewed")))
        assert await told() == (1.5, 2)
        write(settings, rows(NIGHT), rows(NOON, limit=[9.5, None, None]))
        materialize(feature_store)
        await consumer.take(tape(shopped("viewed")))
        assert await told() == (9.5, 3)


def test_the_golden_values_are_what_feast_writes() -> None:
    kept = Path(__file__).parents[1] / "golden" / "feast_values.json"

    assert json.loads(json.dumps(list(golden()))) == json.loads(kept.read_text())


def test_a_file_that_is_not_there_is_named_before_anything_is_joined(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"user_credit: there is no .*credit\.parquet"):
        require_sources(WITH_CREDIT, settings.data)
    write(settings, rows(NIGHT))
    require_sources(WITH_CREDIT, settings.data)


def test_models_are_trained_on_it_as_of_each_moment(
    settings: Settings, feature_store: feast.FeatureStore
) -> None:
    """What was too old at a moment, or not yet there, is unknown, as it is when serving."""
    times = [NIGHT - timedelta(hours=1), NIGHT, NOON, NIGHT + timedelta(days=3)]
    events = [shopped("viewed", at=at) for at in times]
    history = write_history(events, WITH_CREDIT, settings.data)
    write(settings, rows(NIGHT))
    inputs = model_inputs(USERS)
    names = [field.name for field in inputs]

    found = join(feature_store, history, history.moments, timedelta(hours=1), inputs)

    nan = float("nan")
    for name, known in (("credit_limit", 1.5), ("credit_score", 5.0), ("credit_bool", 0.0)):
        column = found.inputs[:, names.index(name)]
        np.testing.assert_array_equal(column, np.array([nan, known, known, nan], np.float32))
    views = found.inputs[:, names.index("views_24h")]
    assert list(views) == [1.0, 2.0, 3.0, 1.0]
    assert "credit_string" not in names
