"""Anonymous becomes known: everything is handed over once, whatever is repeated or interrupted."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from making import NOON, Tape, event, shopped, taken

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, Kind
from attune.errors import Unavailable
from attune.ids import ProfileId
from attune.ports import OnlineStore, Write
from attune.profiles.profile import Profile
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

ADA, ANON, BOB = ProfileId("ada"), ProfileId("anon:x"), ProfileId("bob")


def identify(user: str, anonymous: str = "x", minutes: int = 5, **traits: object) -> Event:
    at = NOON + timedelta(minutes=minutes)
    return event(
        user, at, type="identify", kind=Kind.CONTEXTUAL, anonymous_id=anonymous, traits=traits
    )


async def values(store: OnlineStore, profile: ProfileId) -> dict[str, object]:
    row = (await store.load([profile]))[profile]
    out: dict[str, object] = {}
    for view in USER_FEATURES.views:
        stored = row.states.get(view.name)
        states = view.decode(stored) if stored else view.empty()
        out |= view.read(states, int((NOON + timedelta(minutes=30)).timestamp() * 1000))
    return out


VISIT = (
    shopped("viewed", None, anonymous_id="x"),
    shopped("added", None, anonymous_id="x"),
    shopped("viewed", "ada", NOON - timedelta(hours=3)),
    identify("ada", plan="pro"),
    shopped("viewed", None, NOON + timedelta(minutes=6), anonymous_id="x"),
)


async def test_what_the_visitor_did_before_and_after_counts_for_the_user() -> None:
    store = MemoryStore()

    await Features((store, USER_FEATURES)).take(taken(*VISIT))

    got = await values(store, ADA)
    assert (got["views_24h"], got["carts_24h"], got["sessions"]) == (3, 1, 2)
    profile = Profile(ADA, store.rows[ADA], USER_FEATURES)
    assert profile.traits.plain() == {"plan": "pro"}
    assert list(profile.traits.former) == [ANON]
    redirect = Profile(ANON, store.rows[ANON], USER_FEATURES).redirect
    assert redirect is not None
    assert (redirect.target, redirect.done) == (ADA, True)
    assert not store.rows[ANON].states


async def test_every_message_twice_changes_nothing() -> None:
    once, twice = MemoryStore(), MemoryStore()
    batch = taken(*VISIT)

    await Features((once, USER_FEATURES)).take(batch)
    consumer = Features((twice, USER_FEATURES))
    for one in batch:
        await consumer.take([one, one])
    await consumer.take(batch)

    assert await values(once, ADA) == await values(twice, ADA)


async def test_a_retry_under_the_same_message_id_is_counted_once() -> None:
    store = MemoryStore()
    first = shopped("viewed", id="same")

    await Features((store, USER_FEATURES)).take(taken(first, first))

    assert (await values(store, ADA))["views_24h"] == 1


class Interrupted(MemoryStore):
    """Fails at its n-th save, before or after it applied it."""

    def __init__(self, fail_at: int, *, after: bool) -> None:
        super().__init__()
        self._left = fail_at
        self._after = after

    async def save(self, writes: Sequence[Write]) -> set[ProfileId]:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Unavailable("Redis", "injected")
        refused = await super().save(writes)
        if self._left == 0:
            raise Unavailable("Redis", "injected")
        return refused


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("fail_at", range(1, 8))
async def test_an_interruption_anywhere_changes_nothing(fail_at: int, *, after: bool) -> None:
    calm, store = MemoryStore(), Interrupted(fail_at, after=after)
    await Features((calm, USER_FEATURES)).take(taken(*VISIT))
    consumer = Features((store, USER_FEATURES))
    for _ in range(3):
        try:
            await consumer.take(taken(*VISIT))
        except Unavailable:
            continue

    assert {p: r.states for p, r in store.rows.items()} == {
        p: r.states for p, r in calm.rows.items()
    }
    assert {p: r.records for p, r in store.rows.items()} == {
        p: r.records for p, r in calm.rows.items()
    }


async def test_a_second_person_on_the_same_browser_does_not_get_the_first_ones_history() -> None:
    store = MemoryStore()
    later = shopped("viewed", None, NOON + timedelta(minutes=20), anonymous_id="x")

    tape = Tape()
    first = tape(*VISIT, identify("bob", minutes=10))

    await Features((store, USER_FEATURES)).take(first)
    await Features((store, USER_FEATURES)).take([*first, *tape(later)])

    assert (await values(store, BOB))["views_24h"] == 1
    assert (await values(store, ADA))["views_24h"] == 3


async def test_an_older_link_that_comes_late_changes_nothing() -> None:
    store = MemoryStore()
    consumer = Features((store, USER_FEATURES))
    tape = Tape()
    await consumer.take(tape(*VISIT))

    await consumer.take(tape(identify("bob", minutes=1)))

    redirect = Profile(ANON, store.rows[ANON], USER_FEATURES).redirect
    assert redirect is not None
    assert redirect.target == ADA


async def test_two_who_are_each_said_to_be_the_other_are_one() -> None:
    store = MemoryStore()
    one = event("ada", type="alias", kind=Kind.CONTEXTUAL, previous_id="bob")
    other = event(
        "bob", NOON + timedelta(minutes=1), type="alias", kind=Kind.CONTEXTUAL, previous_id="ada"
    )

    await Features((store, USER_FEATURES)).take(
        taken(shopped("viewed", "ada"), shopped("viewed", "bob"), one, other)
    )

    assert (await values(store, ADA))["views_24h"] == 2


async def test_traits_are_the_newest_by_event_time() -> None:
    store = MemoryStore()
    consumer = Features((store, USER_FEATURES))

    tape = Tape()
    await consumer.take(tape(identify("ada", minutes=9, plan="pro", city="Riga")))
    await consumer.take(tape(identify("ada", minutes=2, plan="free", age=30)))

    profile = Profile(ADA, store.rows[ADA], USER_FEATURES)
    assert profile.traits.plain() == {"age": 30, "city": "Riga", "plan": "pro"}
