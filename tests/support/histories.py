"""Histories of many visitors, and what must be in the store after one whatever happened."""

import random
from collections.abc import Iterable
from datetime import timedelta

from making import NOON, event, shopped

from attune.adapters.kafka.log import open_log
from attune.adapters.memory import MemoryStore
from attune.adapters.redis import RedisStore, open_wire
from attune.collect.event import Event, Kind
from attune.features.feature_set import FeatureSet
from attune.ports import Row, Taken
from attune.settings import Settings
from attune.stream import Position, topic_of
from consumers.features.consumer import Features
from feature_repo.views import FEATURES

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
            visit = f"visit-{who}-{number // 400}"
            item = f"p{chance.randrange(40)}"
            events.append(
                shopped(action, at=at, price=number / 100, item=item, session_id=visit, **known)
            )
    return events


async def undisturbed(events: list[Event]) -> list[dict[str, Row]]:
    """The rows of a run in which nothing broke, by kind of entity."""
    stores = [MemoryStore() for _ in FEATURES]
    offsets: dict[str, int] = {}
    batch = []
    for one in events:
        topic = topic_of(one)
        offsets[topic] = offsets.get(topic, -1) + 1
        batch.append(Taken(Position(topic, 0, offsets[topic]), one))
    await Features(*zip(stores, FEATURES, strict=True)).take(batch)
    return [store.rows for store in stores]


async def stored(settings: Settings, ids: Iterable[str], features: FeatureSet) -> dict[str, Row]:
    with open_wire(str(settings.redis)) as wire:
        return await RedisStore(wire, settings.project, features).load(list(ids))


async def same_states(settings: Settings, events: list[Event]) -> None:
    """Every row in Redis is, bit for bit, that of the undisturbed run: users, items and visits."""
    for features, calm in zip(FEATURES, await undisturbed(events), strict=True):
        assert calm, features.entity.name
        rows = await stored(settings, calm, features)
        for entity, row in calm.items():
            assert counted(rows[entity]) == counted(row), (features.entity.name, entity)


def counted(row: Row) -> tuple[object, ...]:
    """What of a row depends on the events alone, and not on the batches in which they came."""
    return row.states, row.records.get("traits")


async def append(settings: Settings, events: list[Event]) -> None:
    """Have Kafka acknowledge them, as the collector does."""
    async with open_log(settings.kafka) as log:
        await log.ready()
        await log.append(events)
