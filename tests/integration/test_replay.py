"""The main job on real input: a file of shop events, through every stop, against DuckDB."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import naive
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from duck import Rows, Truth
from roles import DATA, WRITE_KEY, api, caught_up, consumer

from attune.adapters.postgres.migrate import migrate
from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import millis
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.features.spelling import camel
from attune.settings import Settings
from attune.stream import BEHAVIORAL, CONTEXTUAL, TRANSACTIONAL
from cli.playback import Options, replay
from feature_repo.views import ITEM_FEATURES, POPULATION_FEATURES, SESSION_FEATURES, USER_FEATURES

FILE = DATA / "rees46_2019-10-01_sample.csv"
NOW = datetime(2019, 10, 1, 2, 55, tzinfo=UTC)
MOMENTS = (NOW, NOW + timedelta(hours=1), NOW + timedelta(days=3))
"""The file ends five minutes before the first; by the last, windows have forgotten all of it."""

EVENTS, USERS, ITEMS, SESSIONS = 17_435, 4_505, 6_493, 5_066


@pytest.mark.timeout(400)
async def test_every_feature_of_the_file_is_what_duckdb_computes(settings: Settings) -> None:
    if not FILE.exists():
        pytest.skip(f"needs the real events in {FILE}")
    migrate(settings)
    truth = Truth(FILE)
    with api(settings, **A_HUNDRED_USERS) as client, consumer(settings):
        summary = await send(client, Options(FILE))
        assert (summary.accepted, summary.rejected, summary.bad_rows) == (EVENTS, 0, 0)
        assert await messages(settings) == {BEHAVIORAL: 17_221, TRANSACTIONAL: 214, CONTEXTUAL: 0}
        await asyncio.to_thread(caught_up, settings, "features")

        for moment in MOMENTS:
            wanted = truth("user", millis(moment))
            assert len(wanted) == USERS
            check(USER_FEATURES, answered(client, sorted(wanted), moment), wanted)
        await check_things(settings, truth)

        # The same file again: accepted, and it changes nothing.
        await send(client, Options(FILE, limit=2_000))
        await asyncio.to_thread(caught_up, settings, "features")
        wanted = truth("user", millis(NOW))
        again = sorted(wanted)[:500]
        check(USER_FEATURES, answered(client, again, NOW), {user: wanted[user] for user in again})
        await check_things(settings, truth)


async def check_things(settings: Settings, truth: Truth) -> None:
    """All products and visits, as their rows in Redis read."""
    counts = ((ITEM_FEATURES, ITEMS), (SESSION_FEATURES, SESSIONS), (POPULATION_FEATURES, 1))
    for features, count in counts:
        for moment in MOMENTS:
            wanted = truth(features.entity.name, millis(moment))
            assert len(wanted) == count
            check(features, await stored(settings, features, wanted, millis(moment)), wanted)


async def stored(
    settings: Settings, features: FeatureSet, entities: Rows, now: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    with open_wire(str(settings.redis)) as wire:
        rows = await RedisStore(wire, settings.project, features).load(list(entities))
    return ((entity, read(features, row.states, now)) for entity, row in rows.items())


def read(features: FeatureSet, states: Any, now: int) -> dict[str, Any]:
    folded = Folded(features, states)
    values: dict[str, Any] = {}
    for view in features.views:
        values |= folded.read(view, now)
    assert not folded.lost
    return values


A_HUNDRED_USERS = {
    f"ATTUNE_API__LIMITS__{name}": "20000"
    for name in ("ALIASES", "FIELDS", "ROOT_FIELDS", "TOKENS", "COST")
}
"""What one page would never ask."""


def answered(
    client: httpx.Client, users: Sequence[str], now: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask for all features of a hundred users at once, by aliases."""
    views = " ".join(
        f"{camel(view.name)} {{ {' '.join(f'{f.name}: {camel(f.name)}' for f in view.fields)} }}"
        for view in (*USER_FEATURES.views, *USER_FEATURES.ranks)
    )
    fragment = f"fragment Whole on User {{ degraded features {{ {views} }} }}"
    for start in range(0, len(users), 100):
        some = users[start : start + 100]
        fields = " ".join(
            f'u{i}: user(id: "{user}", at: "{now.isoformat()}") {{ ...Whole }}'
            for i, user in enumerate(some)
        )
        body = client.post("/graphql", json={"query": f"{{ {fields} }} {fragment}"}).json()
        assert "errors" not in body
        for i, user in enumerate(some):
            answer = body["data"][f"u{i}"]
            assert answer["degraded"] == []
            yield user, {k: v for group in answer["features"].values() for k, v in group.items()}


def check(features: FeatureSet, found: Iterator[tuple[str, dict[str, Any]]], wanted: Rows) -> None:
    """Every field of every entity: exact, and floats to nine digits."""
    names = {field.name for each in (*features.views, *features.ranks) for field in each.fields}
    met = 0
    for entity, values in found:
        truth = wanted[entity]
        assert values.keys() == truth.keys() == names
        for name, value in values.items():
            expected = truth[name]
            if name == "visitors_24h":
                expected = sketched(value, expected or [])
            assert same(value, expected), (entity, name, value, expected)
        met += 1
    assert met == len(wanted)


def sketched(value: float, visitors: Sequence[str]) -> float:
    """A sketch is the one of these visitors, and within four standard errors of their number."""
    assert abs(value - len(visitors)) <= 4 * 0.065 * len(visitors) + 1.1  # of few, two may collide
    return naive.estimate(visitors)


def same(got: Any, truth: Any) -> bool:
    if isinstance(truth, float | Decimal) and got is not None:
        return abs(got - float(truth)) <= 1e-9 * max(1.0, abs(float(truth)))
    if isinstance(truth, list):
        return len(got) == len(truth) and all(map(same, got, truth))
    return bool(got == truth)


async def send(client: httpx.Client, options: Options) -> Any:
    async with httpx.AsyncClient(
        base_url=client.base_url, auth=(WRITE_KEY, ""), timeout=30
    ) as sender:
        return await replay(options, sender)


async def messages(settings: Settings) -> dict[str, int]:
    """How many messages each topic of events holds."""
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka.brokers)
    await reader.start()
    try:
        counts = {}
        for topic in (BEHAVIORAL, TRANSACTIONAL, CONTEXTUAL):
            name = settings.kafka.topic_prefix + topic
            places = [TopicPartition(name, p) for p in range(settings.kafka.partitions)]
            counts[topic] = sum((await reader.end_offsets(places)).values())
        return counts
    finally:
        await reader.stop()
