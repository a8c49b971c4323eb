"""One suite for what rests in the system of record: the twins in memory, and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from making import NOON, event

from attune.adapters.memory_content import (
    MemoryContent,
    MemoryMeasures,
    MemoryModels,
    MemoryRecords,
)
from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.migrate import migrate
from attune.adapters.postgres.models import PostgresModels
from attune.adapters.postgres.profiles import PostgresProfiles
from attune.collect.event import Event, Kind
from attune.decide.content import Block, Content, ContentStore, Noun, Rule, Segment, Slot
from attune.ids import ProfileId
from attune.measure import BlockCount, MeasureStore, Shown
from attune.predict.store import ModelStore
from attune.profiles.record import Learned, ProfileRecords
from attune.settings import Settings

CONTENT = Content(
    segments=(Segment("z_first", "user.a > 1"), Segment("a_second", "true", "everyone")),
    slots=(Slot("hero", "top", "plain"), Slot("footer")),
    blocks=(
        Block("offer", "hero", "Banner", {"title": "20% off", "n": [1, 2.5, None]}, ("a:b", "c")),
        Block("plain", "hero", "Text", published=False),
    ),
    rules=(
        Rule("hero", 2, "user.b == 'x'", "plain"),
        Rule("hero", 10, "true", "offer", "everyone else"),
    ),
)


@dataclass
class Stores:
    content: ContentStore
    models: ModelStore
    measures: MeasureStore
    records: ProfileRecords


@asynccontextmanager
async def in_postgres(settings: Settings) -> AsyncIterator[Stores]:
    await asyncio.to_thread(migrate, settings)
    async with open_database(settings) as database:
        yield Stores(
            PostgresContent(database, settings),
            PostgresModels(database),
            PostgresMeasures(database),
            PostgresProfiles(database),
        )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryContent(), MemoryModels(), MemoryMeasures(), MemoryRecords())
        return
    async with in_postgres(request.getfixturevalue("settings")) as real:
        yield real


# Content


async def test_there_is_no_content_at_first(stores: Stores) -> None:
    assert await stores.content.load() == Content()


async def test_what_was_stored_is_loaded_in_order(stores: Stores) -> None:
    await stores.content.replace(CONTENT, actor="test")

    assert await stores.content.load() == CONTENT


async def test_a_replacement_leaves_nothing_of_what_was_before(stores: Stores) -> None:
    await stores.content.replace(CONTENT, actor="test")

    await stores.content.replace(Content(slots=(Slot("other"),)), actor="test")

    assert await stores.content.load() == Content(slots=(Slot("other"),))


async def test_only_a_block_that_differs_gets_the_next_revision(stores: Stores) -> None:
    await stores.content.replace(CONTENT, actor="test")
    offer, plain = CONTENT.blocks
    changed = msgspec.structs.replace(offer, content={"title": "30% off"})

    await stores.content.replace(
        msgspec.structs.replace(CONTENT, blocks=(changed, plain)), actor="test"
    )

    blocks = (await stores.content.load()).blocks
    assert [(block.key, block.revision) for block in blocks] == [("offer", 2), ("plain", 1)]


async def next_of(changes: AsyncIterator[Noun]) -> Noun:
    async with asyncio.timeout(5):
        return await anext(changes)


async def quiet(changes: AsyncIterator[Noun]) -> bool:
    try:
        async with asyncio.timeout(0.3):
            await anext(changes)
    except TimeoutError:
        return True
    return False


async def test_who_listens_is_told_of_everything_first_and_then_of_each_change(
    stores: Stores,
) -> None:
    changes = stores.content.changes()
    assert {await next_of(changes), await next_of(changes)} == {"content", "models"}

    hearing = asyncio.create_task(next_of(changes))
    await asyncio.sleep(0.1)
    await stores.content.replace(CONTENT, actor="test")

    assert await hearing == "content"


async def test_storing_the_same_again_is_no_change(stores: Stores) -> None:
    await stores.content.replace(CONTENT, actor="test")
    changes = stores.content.changes()
    await next_of(changes)
    await next_of(changes)

    hearing = asyncio.create_task(quiet(changes))
    await asyncio.sleep(0.05)
    await stores.content.replace(CONTENT, actor="test")

    assert await hearing


# Models


async def test_a_published_model_is_the_active_one_of_its_name(stores: Stores) -> None:
    assert await stores.models.publish("purchase", b"one", {"auc": 0.7}, actor="test") == 1
    assert await stores.models.publish("purchase", b"two", {"auc": 0.8}, actor="test") == 2
    assert await stores.models.publish("churn", b"\x00\xff", {}, actor="test") == 1

    active = await stores.models.active()

    assert [(m.name, m.version, m.onnx, m.metadata) for m in active] == [
        ("churn", 1, b"\x00\xff", {}),
        ("purchase", 2, b"two", {"auc": 0.8}),
    ]
    assert all(m.created_at.tzinfo for m in active)


async def test_an_earlier_version_can_be_made_active_again(stores: Stores) -> None:
    await stores.models.publish("purchase", b"one", {}, actor="test")
    await stores.models.publish("purchase", b"two", {}, actor="test")

    assert await stores.models.activate("purchase", 1, actor="test")
    assert not await stores.models.activate("purchase", 9, actor="test")

    assert [(m.version, m.active) for m in await stores.models.versions()] == [
        (2, False),
        (1, True),
    ]
    assert (await stores.models.active())[0].onnx == b"one"


async def test_models_published_at_once_get_a_version_each(stores: Stores) -> None:
    async with asyncio.TaskGroup() as tasks:
        published = [
            tasks.create_task(stores.models.publish("purchase", b"", {}, actor="test"))
            for _ in range(4)
        ]

    assert sorted(task.result() for task in published) == [1, 2, 3, 4]
    assert [model.version for model in await stores.models.active()] == [
        published_last(await stores.models.versions())
    ]


def published_last(versions: list[object]) -> int:
    return next(model.version for model in versions if model.active)  # type: ignore[attr-defined]  # a StoredModel


# Measurements


def shown(decision: str, block: str = "offer", at: datetime = NOON) -> Shown:
    return Shown(decision, "hero", block, ProfileId("ada"), at, f"m-{decision}")


async def test_exposures_are_counted_per_block_the_most_shown_first(stores: Stores) -> None:
    new = await stores.measures.record(
        [shown("d1", "a-plain"), shown("d2"), shown("d3"), shown("d4", at=NOON + timedelta(days=1))]
    )

    assert new == 4
    assert await stores.measures.counts() == [
        BlockCount("hero", "offer", 3),
        BlockCount("hero", "a-plain", 1),
    ]


async def test_a_decision_counts_once_however_often_it_is_reported(stores: Stores) -> None:
    assert await stores.measures.record([shown("d1"), shown("d1")]) == 1
    assert await stores.measures.record([shown("d1"), shown("d2")]) == 1
    assert await stores.measures.record([]) == 0

    assert [count.shown for count in await stores.measures.counts()] == [2]


async def test_two_who_count_at_once_lose_nothing(stores: Stores) -> None:
    batches = [[shown(f"d{n}-{m}", f"b{m}") for m in range(20)] for n in range(8)]

    async with asyncio.TaskGroup() as tasks:
        for batch in batches:
            tasks.create_task(stores.measures.record(batch))

    assert {count.shown for count in await stores.measures.counts()} == {8}


# Profiles


def identify(minutes: int, user: str | None = "ada", **more: object) -> Event:
    at = NOON + timedelta(minutes=minutes)
    return event(user, at, type="identify", kind=Kind.CONTEXTUAL, **more)


async def test_of_someone_never_seen_nothing_is_known(stores: Stores) -> None:
    assert await stores.records.known(ProfileId("nobody")) is None


HISTORY = (
    identify(0, None, anonymous_id="a1", traits={"plan": "free", "city": "Graz"}, id="m1"),
    identify(5, anonymous_id="a1", traits={"plan": "pro"}, id="m2"),
    identify(9, traits={"city": None, "name": "Ada"}, id="m3"),
    event("ada", NOON + timedelta(minutes=30), id="m4"),
    event("ada", NOON, type="group", group_id="g1", traits={"size": 3}, id="m5"),
)


async def test_the_newest_trait_wins_and_an_anonymous_past_is_included(stores: Stores) -> None:
    await stores.records.learn(Learned.of(HISTORY))

    ada = await stores.records.known(ProfileId("ada"))

    assert ada is not None
    assert ada.traits == {"plan": "pro", "name": "Ada", "group": {"size": 3, "id": "g1"}}
    assert (ada.user_id, ada.former) == ("ada", ("anon:a1",))
    assert ada.first_seen == NOON
    assert ada.last_seen == NOON + timedelta(minutes=30)


async def test_neither_order_nor_repetition_matters(stores: Stores) -> None:
    await stores.records.learn(Learned.of(HISTORY))
    expected = await stores.records.known(ProfileId("ada"))

    for number, order in enumerate(permutations(HISTORY)):
        if number % 12 == 0:
            for one in order:
                await stores.records.learn(Learned.of([one, one]))

    assert await stores.records.known(ProfileId("ada")) == expected


async def test_events_one_by_one_teach_what_they_teach_together(stores: Stores) -> None:
    for one in reversed(HISTORY):
        await stores.records.learn(Learned.of([one]))

    ada = await stores.records.known(ProfileId("ada"))

    assert ada is not None
    assert ada.traits == {"plan": "pro", "name": "Ada", "group": {"size": 3, "id": "g1"}}


async def test_a_shared_browser_belongs_to_who_came_last(stores: Stores) -> None:
    ada, bob = (
        identify(1, "ada", anonymous_id="a1"),
        identify(2, "bob", anonymous_id="a1"),
    )
    visit = event(None, NOON, anonymous_id="a1")

    await stores.records.learn(Learned.of([bob, visit]))
    await stores.records.learn(Learned.of([ada]))

    bob_now = await stores.records.known(ProfileId("bob"))
    ada_now = await stores.records.known(ProfileId("ada"))
    assert bob_now is not None
    assert ada_now is not None
    assert bob_now.former == ("anon:a1",)
    assert ada_now.former == ()


async def test_two_who_were_each_said_to_be_the_other_are_one(stores: Stores) -> None:
    there = event("ada", type="alias", previous_id="bob", kind=Kind.CONTEXTUAL)
    back = event("bob", type="alias", previous_id="ada", kind=Kind.CONTEXTUAL)

    await stores.records.learn(Learned.of([there, back]))

    ada = await stores.records.known(ProfileId("ada"))
    assert ada is not None
    assert ada.former == ("bob",)


async def test_message_ids_settle_what_happened_at_the_same_moment(stores: Stores) -> None:
    tie = [identify(0, traits={"x": name}, id=name) for name in ("B", "a", "é", "Z")]

    for one in tie:
        await stores.records.learn(Learned.of([one]))

    ada = await stores.records.known(ProfileId("ada"))
    assert ada is not None
    assert ada.traits == {"x": "é"}


async def test_times_are_kept_in_utc(stores: Stores) -> None:
    await stores.records.learn(Learned.of([event("ada", NOON)]))

    ada = await stores.records.known(ProfileId("ada"))

    assert ada is not None
    assert ada.first_seen.astimezone(UTC) == NOON
