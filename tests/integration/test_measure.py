"""The consumers of the system of record, on PostgreSQL: every message twice, in any order."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta, timezone

import pytest
from making import NOON, event, taken

from attune.adapters.postgres.database import Database, open_database
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.migrate import migrate
from attune.adapters.postgres.profiles import PostgresProfiles
from attune.collect.event import Event, Exposure, Kind
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.settings import Settings
from consumers.measure import Measure
from consumers.profiles import Profiles

pytestmark = pytest.mark.integration


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    await asyncio.to_thread(migrate, settings)
    async with open_database(settings) as database:
        yield database


def exposure(number: int) -> Event:
    at = NOON + timedelta(minutes=number)
    return event(at=at, exposure=Exposure(f"d{number % 50}", "hero", f"b{number % 5}"))


async def test_every_message_twice_and_shuffled_counts_each_decision_once(
    database: Database,
) -> None:
    store = PostgresMeasures(database)
    messages = taken(*[exposure(number) for number in range(50)]) * 2
    random.Random(7).shuffle(messages)

    for start in range(0, len(messages), 9):
        await Measure(store).take(messages[start : start + 9])

    assert {count.block: count.shown for count in await store.counts()} == {
        f"b{block}": 10 for block in range(5)
    }


async def test_days_are_counted_apart_and_end_at_midnight_utc(database: Database) -> None:
    in_berlin = datetime(2026, 11, 3, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    moments = [NOON, NOON + timedelta(hours=12), in_berlin]
    shown = [
        event(at=at, exposure=Exposure(f"d{number}", "hero", "offer"))
        for number, at in enumerate(moments)
    ]

    await Measure(PostgresMeasures(database)).take(taken(*shown))

    async with database.connection() as connection:
        days = await connection.fetch("SELECT day, count FROM exposure_counts ORDER BY day")
    assert [tuple(row) for row in days] == [(date(2026, 11, 2), 2), (date(2026, 11, 3), 1)]


async def test_events_that_are_no_exposures_are_not_counted(database: Database) -> None:
    store = PostgresMeasures(database)

    await Measure(store).take(taken(event(), event()))

    assert await store.counts() == []


async def test_consumers_wait_while_postgres_is_away(settings: Settings) -> None:
    away = settings.model_copy(update={"postgres": "postgresql://postgres@127.0.0.1:1/postgres"})
    async with open_database(away) as database:
        with pytest.raises(Unavailable):
            await Measure(PostgresMeasures(database)).take(taken(exposure(1)))
        with pytest.raises(Unavailable):
            await Profiles(PostgresProfiles(database)).take(taken(event()))


def histories() -> list[Event]:
    return [
        event(
            user if number % 3 else None,
            NOON + timedelta(minutes=number),
            type="identify",
            kind=Kind.CONTEXTUAL,
            anonymous_id=f"a-{user}",
            traits={"plan": number, f"t{number % 4}": [number]},
        )
        for number in range(24)
        for user in ("ada", "bob")
    ]


async def test_two_members_with_each_message_twice_learn_the_same(
    settings: Settings, database: Database
) -> None:
    events = histories()
    records = PostgresProfiles(database)
    messages = taken(*events) * 2
    random.Random(3).shuffle(messages)

    async with asyncio.TaskGroup() as tasks:
        for start in range(0, len(messages), 12):
            tasks.create_task(Profiles(records).take(messages[start : start + 12]))

    other = settings.model_copy(update={"postgres_schema": f"{settings.postgres_schema}_b"})
    await asyncio.to_thread(migrate, other)
    async with open_database(other) as in_order:
        await Profiles(PostgresProfiles(in_order)).take(taken(*events))
        for user in ("ada", "bob"):
            expected = await PostgresProfiles(in_order).known(ProfileId(user))
            assert await records.known(ProfileId(user)) == expected
            assert expected is not None
            assert expected.former == (f"anon:a-{user}",)


async def test_what_postgres_cannot_hold_does_not_stop_the_consumer(database: Database) -> None:
    odd = {"nul\0": "a\0b", "long" * 3000: 1, "deep": {"k\0": ["\0", 10**40, 1.5, "\ud7ff"]}}
    identify = event(type="identify", kind=Kind.CONTEXTUAL, traits=odd)

    await Profiles(PostgresProfiles(database)).take(taken(identify))

    ada = await PostgresProfiles(database).known(ProfileId("ada"))
    assert ada is not None
    assert ada.traits["nul\ufffd"] == "a\ufffdb"
    assert ada.traits["long" * 3000] == 1
    assert ada.traits["deep"] == {"k\ufffd": ["\ufffd", 10**40, 1.5, "\ud7ff"]}
