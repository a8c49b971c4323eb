"""Histories of many visitors, and what must be in the store after one whatever happened."""

import random
from datetime import timedelta

from making import NOON, event, shopped

from attune.adapters.kafka.log import open_log
from attune.adapters.memory import MemoryProfiles
from attune.adapters.redis import RedisProfiles, open_redis
from attune.collect.event import Event, Kind
from attune.ids import ProfileId
from attune.ports import Row, Taken
from attune.settings import Settings
from attune.stream import Position, topic_of
from consumers.features import Features
from feature_repo.views import USER_FEATURES

USERS = 120


def history(seed: int, count: int) -> list[Event]:
    """Events of many visitors, some of whom say who they are half-way."""
    chance = random.Random(seed)
    events = []
    for number in range(count):
        who = chance.randrange(USERS)
        at = NOON + timedelta(seconds=number)
        known = {"user": f"u{who}"} if who % 3 else {"user": None, "anonymous_id": f"a{who}"}
        if who % 3 == 0 and chance.random() < 0.05:
            user = f"u{who}"
            events.append(
                event(
                    user,
                    at,
                    type="identify",
                    kind=Kind.CONTEXTUAL,
                    anonymous_id=f"a{who}",
                    traits={"step": number},
                )
            )
        else:
            action = chance.choices(("viewed", "added", "purchased"), (8, 2, 1))[0]
            events.append(shopped(action, at=at, price=number / 100, **known))
    return events


async def undisturbed(events: list[Event]) -> dict[ProfileId, Row]:
    """The rows of a run in which nothing broke."""
    store = MemoryProfiles()
    offsets: dict[str, int] = {}
    batch = []
    for one in events:
        topic = topic_of(one)
        offsets[topic] = offsets.get(topic, -1) + 1
        batch.append(Taken(Position(topic, 0, offsets[topic]), one))
    await Features(store, USER_FEATURES).take(batch)
    return store.rows


async def stored(settings: Settings, profiles: set[ProfileId]) -> dict[ProfileId, Row]:
    async with open_redis(str(settings.redis)) as client:
        return await RedisProfiles(client, settings.project, USER_FEATURES).load(profiles)


async def same_states(settings: Settings, events: list[Event]) -> None:
    """Every row in Redis is, bit for bit, that of the undisturbed run."""
    calm = await undisturbed(events)
    rows = await stored(settings, set(calm))
    for owner, row in calm.items():
        assert counted(rows[owner]) == counted(row), owner


def counted(row: Row) -> tuple[object, ...]:
    """What of a row depends on the events alone, and not on the batches in which they came."""
    return row.states, row.records.get("traits")


async def append(settings: Settings, events: list[Event]) -> None:
    """Have Kafka acknowledge them, as the collector does."""
    async with open_log(settings.kafka) as log:
        await log.ready()
        await log.append(events)
