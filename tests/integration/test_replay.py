"""The main job on real input: a file of shop events, through every stop, against DuckDB."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from roles import DATA, WRITE_KEY, api, caught_up, consumer

from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings
from attune.stream import BEHAVIORAL, CONTEXTUAL, TRANSACTIONAL
from cli.playback import Options, replay

FILE = DATA / "rees46_2019-10-01_sample.csv"
NOW = datetime(2019, 10, 1, 2, 55, tzinfo=UTC)
EVENTS = 17_435

# Written from the definitions in the features' docstrings, not from their code: buckets of five
# minutes, an hour and six hours; sessions by a gap of thirty minutes; points 2, 6, 12.
EXPECTED = """
with events as (
  select user_id, epoch_ms(strptime(event_time, '%Y-%m-%d %H:%M:%S UTC')) as ms, event_type,
         nullif(category_code, '') as category, cast(price as decimal(18, 2)) as price
  from read_csv($file, all_varchar = true, null_padding = true)
),
gaps as (
  select *, coalesce(ms - lag(ms) over w > 1800000, true) as starts
  from events window w as (partition by user_id order by ms)
),
numbered as (
  select *, sum(starts::int) over (
    partition by user_id order by ms rows between unbounded preceding and current row) as visit
  from gaps
),
visits as (
  select user_id, visit, min(ms) as first, max(ms) as last, count(*) as depth
  from numbered group by all
),
latest as (select * from visits qualify visit = max(visit) over (partition by user_id)),
seen as (
  select user_id, category, max(ms) as ms from events where category is not null group by all
),
categories as (
  select user_id, list(category order by ms desc, category)[1:5] as last_categories
  from seen group by all
),
counts as (
  select user_id,
    count_if(event_type = 'view' and $now // 300000 - ms // 300000 < 12) as views_1h,
    count_if(event_type = 'view' and $now // 3600000 - ms // 3600000 < 24) as views_24h,
    count_if(event_type = 'view' and $now // 21600000 - ms // 21600000 < 28) as views_7d,
    count_if(event_type = 'cart' and $now // 300000 - ms // 300000 < 12) as carts_1h,
    count_if(event_type = 'cart' and $now // 3600000 - ms // 3600000 < 24) as carts_24h,
    count_if(event_type = 'cart' and $now // 21600000 - ms // 21600000 < 28) as carts_7d,
    count_if(event_type = 'purchase' and $now // 300000 - ms // 300000 < 12) as purchases_1h,
    count_if(event_type = 'purchase' and $now // 3600000 - ms // 3600000 < 24) as purchases_24h,
    count_if(event_type = 'purchase' and $now // 21600000 - ms // 21600000 < 28)
      as purchases_7d,
    100 * (1 - exp(-sum(
      case event_type when 'view' then 2 when 'cart' then 6 else 12 end
      * power(0.5, ($now // 21600000 - ms // 21600000) * 6 / 48)
    ) / 20)) as behavior_score,
    count_if(event_type = 'purchase') as frequency,
    coalesce(sum(price) filter (event_type = 'purchase'), 0)::double as monetary,
    ($now - max(ms) filter (event_type = 'purchase')) / 86400000 as recency_days
  from events group by all
)
select user_id,
  (views_1h, views_24h, views_7d, carts_1h, carts_24h, carts_7d,
   purchases_1h, purchases_24h, purchases_7d) as activity,
  case when $now - last > 1800000 then (0.0, 0, visit)
       else ((last - first) / 1000, depth, visit) end as session,
  behavior_score, recency_days, frequency, monetary,
  coalesce(last_categories, []) as last_categories
from counts join latest using (user_id) left join categories using (user_id)
"""

FRAGMENT = """fragment Whole on User { degraded features {
  activity { views1h views24h views7d carts1h carts24h carts7d
             purchases1h purchases24h purchases7d behaviorScore }
  session { sessionSeconds sessionDepth sessions }
  purchases { recencyDays frequency monetary }
  interest { lastCategories }
} }"""


def expected(file: Path, now: datetime) -> dict[str, tuple[Any, ...]]:
    rows = duckdb.execute(EXPECTED, {"file": str(file), "now": int(now.timestamp() * 1000)})
    return {user: rest for user, *rest in rows.fetchall()}


def answered(client: httpx.Client, users: list[str], now: datetime) -> dict[str, tuple[Any, ...]]:
    """Ask for a hundred users at once, by aliases."""
    fields = " ".join(
        f'u{i}: user(id: "{user}", at: "{now.isoformat()}") {{ ...Whole }}'
        for i, user in enumerate(users)
    )
    body = client.post("/graphql", json={"query": f"{{ {fields} }} {FRAGMENT}"}).json()
    assert "errors" not in body
    out = {}
    for i, user in enumerate(users):
        answer = body["data"][f"u{i}"]
        assert answer["degraded"] == []
        groups = answer["features"]
        out[user] = [
            tuple(groups["activity"].values())[:-1],
            tuple(groups["session"].values()),
            groups["activity"]["behaviorScore"],
            *groups["purchases"].values(),
            groups["interest"]["lastCategories"],
        ]
    return out


@pytest.mark.timeout(300)
async def test_every_user_of_the_file_has_the_features_that_duckdb_computes(
    settings: Settings,
) -> None:
    if not FILE.exists():
        pytest.skip(f"needs the real events in {FILE}")
    migrate(settings)
    with api(settings) as client, consumer(settings):
        summary = await send(client, Options(FILE))
        assert (summary.accepted, summary.rejected, summary.bad_rows) == (EVENTS, 0, 0)
        assert await messages(settings) == {BEHAVIORAL: 17_221, TRANSACTIONAL: 214, CONTEXTUAL: 0}

        await asyncio.to_thread(caught_up, settings, "features")
        truth = expected(FILE, NOW)
        users = sorted(truth)
        assert len(users) == 4_505
        for start in range(0, len(users), 100):
            some = users[start : start + 100]
            for user, got in answered(client, some, NOW).items():
                assert same(got, truth[user]), (user, got, truth[user])

        # The same file again: accepted, and it changes nothing.
        await send(client, Options(FILE, limit=2_000))
        await asyncio.to_thread(caught_up, settings, "features")
        assert same(answered(client, users[:100], NOW)[users[0]], truth[users[0]])


def same(got: Any, truth: Any) -> bool:
    if isinstance(truth, float) and got is not None:
        return abs(got - truth) <= 1e-9 * max(1, abs(truth))
    if isinstance(truth, tuple | list):
        return len(got) == len(truth) and all(map(same, got, truth))
    return got == truth


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
