"""What the consumer has in its stores is what the training history folds of the same events."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape, event
from msgspec.structs import replace
from past import END, arriving, histories

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, Kind
from attune.features.feature import DAY, HOUR, act_of
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.ports import Row, Taken
from consumers.features.consumer import Features
from feature_repo.views import FEATURES, USER_FEATURES
from training.history import People


class Visitor(NamedTuple):
    """How events say who somebody is; `user` is who they turn out to be, if they ever tell."""

    user_id: str | None
    anonymous_id: str | None
    user: str | None


VISITORS = (
    Visitor("ada", None, "ada"),
    Visitor("bob", "laptop", "bob"),
    Visitor(None, "phone", "ada"),
    Visitor(None, "laptop", "bob"),
    Visitor("ada-old", None, "ada"),
    Visitor(None, "stranger", None),
)

DAYLONG = timedelta(hours=20)
"""Less than a client's retry is known for."""

States = dict[str, dict[str, bytes]]
"""Entity -> view -> stored state."""


@settings(max_examples=60)
@given(events=histories(most=5), seed=st.integers(0, 2**32))
def test_months_of_visitors_who_become_each_other_are_the_same_in_stream_and_batch(
    events: list[Event], seed: int
) -> None:
    compare(events, Random(seed), but="session")


@settings(max_examples=40)
@given(events=histories(most=5), seed=st.integers(0, 2**32))
def test_a_day_of_them_is_the_same_to_the_last_visit(events: list[Event], seed: int) -> None:
    chance = Random(seed)
    today = [at(one, END - one.at % DAY) for one in events]
    compare(sorted(today, key=lambda one: one.at), chance)


def compare(events: list[Event], chance: Random, but: str | None = None) -> None:
    """All entities, all views, all bytes; of people who were joined, without the view `but`.

    Visits that ended in both of two histories are counted in each: see `Sessions`.
    """
    known = [told(one, chance) for one in events]
    people = batch(known)
    if but:
        for states in people.values():
            states.pop(but, None)
    arrived = received(arriving(known, chance, 24 * HOUR))
    stores = asyncio.run(streamed(Tape()(*sent(arrived, chance)), chance))
    found = [stored(store.rows, but if store is stores[0] else None) for store in stores]

    assert found[0] == people
    for things, features in zip(found[1:], FEATURES[1:], strict=True):
        assert things == sliced(features, known)


def told(one: Event, chance: Random) -> Event:
    """The event as one of the visitors would send it, or their telling who they are."""
    who = chance.choice(VISITORS)
    ids: dict[str, Any] = {"user_id": who.user_id, "anonymous_id": who.anonymous_id}
    if one.type != "identify":
        return replace(one, **ids)
    if who.user is None or who.user_id == who.user != "bob":
        return replace(one, type="track", **ids)
    ids = {"user_id": who.user, "anonymous_id": who.anonymous_id, "kind": Kind.CONTEXTUAL}
    if who.user_id in (None, who.user):
        return replace(one, **ids)
    return replace(one, type="alias", previous_id=who.user_id, **ids)


def batch(events: Sequence[Event]) -> States:
    """Fold in the order of time, as the training history does."""
    people = People(USER_FEATURES)
    for one in events:
        people.take(one)
    found = {who: people.of(who).states() for who in {people.who(e.profile) for e in events}}
    return {who: states for who, states in found.items() if states}


def sliced(features: FeatureSet, events: Sequence[Event]) -> States:
    """The same of products and visits."""
    found: dict[str, Folded] = {}
    for one in events:
        if features.plans[act_of(one)].steps:
            for entity, part in features.entity.slices(one):
                folded = found.setdefault(entity, Folded(features, {}))
                folded.update(act_of(part), part, part.at)
    return {entity: folded.states() for entity, folded in found.items()}


def received(events: Sequence[Event]) -> list[Event]:
    """In the order in which they arrive, none before it happened."""
    newest, found = NOON - timedelta(days=365), []
    for one in events:
        newest = max(newest, one.timestamp)
        found.append(replace(one, received_at=newest))
    return found


def sent(events: Sequence[Event], chance: Random) -> list[Event]:
    """Each once or twice: a client that hears no answer sends an event again, soon after."""
    found: list[Event] = []
    for one in events:
        found.append(one)
        if chance.random() < 0.3:
            found.insert(chance.randint(max(0, len(found) - 2), len(found)), one)
    return sorted(found, key=lambda one: one.received_at)


async def streamed(log: Sequence[Taken], chance: Random) -> list[MemoryStore]:
    """Consume in batches of any size, each of them twice, by a member that knows it or a new one.

    What is consumed again is younger than a day: so long a client's retries are known to be such.
    """
    stores = [MemoryStore() for _ in FEATURES]

    def member() -> Features:
        return Features(*zip(stores, FEATURES, strict=True), cached=chance.choice((0, 3, 100)))

    consumer, start = member(), 0
    while start < len(log):
        most = start + chance.randint(1, 12)
        stop = start + len(younger(log[start:most], log[start]))
        await consumer.take(log[start:stop])
        if chance.random() < 0.3:
            consumer = member()
        await consumer.take(log[start:stop])
        start = stop
    if log:
        last = log[-1].event.received_at - DAYLONG
        await member().take([one for one in log if one.event.received_at >= last])
    return stores


def younger(log: Sequence[Taken], than: Taken) -> list[Taken]:
    """What came less than a day after another."""
    return [one for one in log if one.event.received_at < than.event.received_at + DAYLONG]


def stored(rows: dict[str, Row], but: str | None) -> States:
    """What the rows hold; those that were handed over hold nothing."""
    found = {
        entity: {name: raw for name, raw in row.states.items() if name != but}
        for entity, row in rows.items()
    }
    return {entity: states for entity, states in found.items() if states}


def at(one: Event, moment: int) -> Event:
    """The event at another time."""
    when = NOON + timedelta(milliseconds=moment - END)
    return replace(one, timestamp=when, received_at=when)


def test_a_handed_over_visitor_is_among_the_histories() -> None:
    """Who these histories are about, once by hand."""
    view = event(None, anonymous_id="phone", type="page")
    known = event("ada", type="identify", kind=Kind.CONTEXTUAL, anonymous_id="phone")

    (stores, *_) = asyncio.run(streamed(Tape()(view, known), Random(1)))

    assert stored(stores.rows, None) == batch([view, known])
    assert stored(stores.rows, None).keys() == {"ada"}
