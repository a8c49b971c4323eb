"""The seam between backfill and live stream loses nothing and counts nothing twice."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from grouped import Group, Member
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NOON, Tape, shopped
from turns import BROWSERS, USERS, Turns, links, views

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, millis
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId, anonymous_profile
from attune.ports import Places, Row, Taken
from attune.profiles.kept import SEAM
from attune.profiles.profile import Profile
from consumers.backfill import waiting
from consumers.backfill.main import Groups, backfill
from consumers.backfill.progress import Progress
from consumers.features.consumer import Features
from feature_repo.views import ITEM_FEATURES, USER_FEATURES

LATER = millis(NOON + timedelta(hours=1))

NEW = USER_FEATURES
OLD = FeatureSet(
    replace(view, version=7) if view.name == "activity" else view
    for view in USER_FEATURES.views
    if view.name not in {"cart", "habits"}
)
"""The release before: two views are new since, and the meaning of one has changed."""

KINDS = (USER_FEATURES, ITEM_FEATURES)


async def _nowhere() -> Places:
    return {}


IDLE = Groups(_nowhere, _nowhere)
"""Of tests in which a kind was read from its first event on."""


class Archived:
    """What an archive consumer has written so far; `ahead` may be what others have not read yet."""

    def __init__(self, batch: Sequence[Taken]) -> None:
        self.batch = list(batch)

    def taken(
        self, *, profiles: Collection[ProfileId] | None = None, topics: Collection[str]
    ) -> Iterator[Taken]:
        met: set[tuple[str, str]] = set()
        first = sorted(self.batch, key=lambda one: (one.event.received_at, one.position))
        once = []
        for one in first:
            key = (one.event.profile, one.event.id)
            wanted = profiles is None or one.event.profile in profiles
            if key not in met and wanted and one.position.topic in topics:
                met.add(key)
                once.append(one)
        return iter(sorted(once, key=lambda one: one.event.timestamp))

    def reached(self) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        for one in self.batch:
            place = (one.position.topic, one.position.partition)
            found[place] = max(one.position.offset, found.get(place, -1))
        return found


@pytest.fixture(autouse=True)
def threads_that_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything depend on the seed alone, so that a failure can be looked at again."""

    async def inline(work: Callable[..., object], *given: object) -> object:
        await asyncio.sleep(0)
        return work(*given)

    monkeypatch.setattr(asyncio, "to_thread", inline)


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(views() | links(), max_size=14),
    cuts=st.tuples(st.integers(0, 14), st.integers(0, 14)).map(sorted),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 5),
    data=st.data(),
)
def test_every_row_is_whole_in_the_end_and_as_if_the_view_had_always_been_there(
    events: list[Event], cuts: list[int], seed: int, size: int, data: st.DataObject
) -> None:
    batch = Tape()(*events)
    twice = data.draw(st.lists(st.sampled_from(batch), max_size=3)) if batch else []
    asyncio.run(_while_live(batch, cuts, random.Random(seed), size, twice))


async def _while_live(
    batch: list[Taken], cuts: list[int], chance: random.Random, size: int, twice: list[Taken]
) -> None:
    store, items = Turns(chance), MemoryStore()
    before, between, after = batch[: cuts[0]], batch[cuts[0] : cuts[1]], batch[cuts[1] :]

    async def consume(consumer: Features, share: Sequence[Taken]) -> None:
        for start in range(0, len(share), size):
            await consumer.take(share[start : start + size])

    await consume(Features((store, OLD), (items, ITEM_FEATURES)), before)
    live = Features((store, NEW), (items, ITEM_FEATURES))
    await consume(live, between)
    archive = Archived(
        batch
    )  # has more than the live consumer: it is never the slower one for long
    async with asyncio.timeout(20):
        await asyncio.gather(consume(live, after), backfill(archive, store, NEW, IDLE, Progress()))
    # What was handed over while the last round went on may have brought a seam with it.
    await backfill(archive, store, NEW, IDLE, Progress())
    await consume(Features((store, NEW), (items, ITEM_FEATURES)), [*batch, *twice])

    calm = MemoryStore()
    # Whose a shared browser's event is can hang on batches, and where a circle ends on repetition.
    for share in (before, between, after, [*batch, *twice]):
        await consume(Features((calm, NEW), (MemoryStore(), ITEM_FEATURES)), share)
    for entity, row in calm.rows.items():
        profile = Profile(ProfileId(entity), store.rows[entity], NEW)
        assert not profile.seams or (profile.redirect and profile.redirect.done)
        expected = Profile(ProfileId(entity), row, NEW)
        assert profile.folded.states() == expected.folded.states(), entity


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(views() | links(), max_size=14),
    cuts=st.tuples(st.integers(0, 14), st.integers(0, 14)).map(sorted),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 5),
)
def test_a_kind_that_was_not_read_from_the_beginning_gets_its_past(
    events: list[Event], cuts: list[int], seed: int, size: int
) -> None:
    """The store was lost, or the kind of entity was declared years after the first event.

    Between the cuts, members of the last release, who do not know of it, read on for a while.
    """
    asyncio.run(_past(Tape(2)(*events), cuts, random.Random(seed), size))


async def _past(batch: list[Taken], cuts: list[int], chance: random.Random, size: int) -> None:
    stores = (Turns(chance), Turns(chance))
    group = Group(batch, 2)
    live = Member(group, Features(*zip(stores, KINDS, strict=True)), 0, 1)
    group.commit(batch[: cuts[0]])
    await live.join()
    if cuts[0]:  # else there is no last release that has read anything
        group.commit(batch[: cuts[1]])

    await live.take(group.ahead((0, 1))[:1])
    for store, features in zip(stores, KINDS, strict=True):
        async with asyncio.timeout(20):
            await asyncio.gather(live.run(size), _backfilled(batch, store, features, group))
    await _all_there(batch, stores, group)


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(views() | links(), max_size=14),
    seed=st.integers(0, 2**32),
    size=st.integers(1, 5),
    moment=st.integers(0, 150),
)
def test_a_store_that_is_emptied_under_running_members_gets_all_back(
    events: list[Event], seed: int, size: int, moment: int
) -> None:
    asyncio.run(_emptied(Tape(2)(*events), random.Random(seed), size, moment))


async def _emptied(batch: list[Taken], chance: random.Random, size: int, moment: int) -> None:
    stores = (Turns(chance), Turns(chance))
    group = Group(batch, 2)

    def member(partition: int) -> Member:
        beside = (store.beside() for store in stores)
        return Member(group, Features(*zip(beside, KINDS, strict=True)), partition)

    async def empty() -> None:
        for _ in range(moment):
            await asyncio.sleep(0)
        for store in stores:
            store.empty()

    members = [member(0), member(1)]
    for each in members:
        await each.join()
    async with asyncio.timeout(20):
        await asyncio.gather(empty(), *(each.run(size) for each in members))
    expected = await _calm_items(batch)
    for item, row in stores[1].rows.items():  # whoever reads it now gets all of it or nothing
        assert SEAM in row.records or row.states == expected[item], item
    await _all_there(batch, stores, group)


async def _backfilled(
    batch: Sequence[Taken], store: MemoryStore, features: FeatureSet, group: Group
) -> None:
    groups = Groups(group.going_on, group.going_on)
    await backfill(Archived(batch), store.beside(), features, groups, Progress())


async def _all_there(batch: list[Taken], stores: Sequence[MemoryStore], group: Group) -> None:
    """After one more backfill, for what was handed over during the last."""
    for store, features in zip(stores, KINDS, strict=True):
        await _backfilled(batch, store, features, group)
    viewed = 0
    for asked in (*map(ProfileId, USERS), *map(anonymous_profile, BROWSERS)):
        row = stores[0].rows.get(asked, Row())
        profile = Profile(asked, row, USER_FEATURES)
        if not (profile.redirect and profile.redirect.done):
            assert not profile.seams
            viewed += profile.folded.read(USER_FEATURES.by_name["activity"], LATER)["views_24h"]
    assert viewed == sum(one.event.commerce is not None for one in batch)
    found = {item: row.states for item, row in stores[1].rows.items()}
    assert found == await _calm_items(batch)


async def _calm_items(batch: Sequence[Taken]) -> dict[str, Mapping[str, bytes]]:
    """Return the states of a run in which nothing was lost."""
    calm = MemoryStore()
    await Features((MemoryStore(), USER_FEATURES), (calm, ITEM_FEATURES)).take(batch)
    return {item: row.states for item, row in calm.rows.items()}


async def test_rows_of_the_last_release_that_still_runs_are_filled_again() -> None:
    """A rolling deployment: old and new members write the same profile in turns."""
    tape = Tape()
    batch = tape(*(shopped("viewed", "a") for _ in range(6)))
    store = MemoryStore()
    old, new = Features((store, OLD)), Features((store, NEW))
    for number, one in enumerate(batch):
        await (old, new)[number % 2].take([one])

    report = await backfill(Archived(batch), store, NEW, IDLE, Progress())

    assert report.rows == 1
    profile = Profile(ProfileId("a"), store.rows["a"], NEW)
    activity = profile.folded.read(NEW.by_name["activity"], LATER)
    habits = profile.folded.read(NEW.by_name["habits"], LATER)
    assert (activity["views_24h"], habits["usual_share"], profile.seams) == (6, 1.0, {})


async def test_it_waits_until_the_archive_has_what_lies_before_the_seam(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = Tape()(*(shopped("viewed", "a") for _ in range(4)))
    store = MemoryStore()
    await Features((store, OLD)).take(batch)
    archive = Archived(batch[:2])
    waits: list[int] = []

    class Late(Progress):
        def waiting(self, behind: int) -> None:
            waits.append(behind)
            archive.batch = list(batch)

    monkeypatch.setattr(waiting, "_LOOK_AGAIN", 0.0)
    report = await backfill(archive, store, NEW, IDLE, Late())

    assert (waits, report.rows) == ([2], 1)
