"""Two consumers may freeze two profiles at the same moment, each for the other's sake."""

from itertools import permutations

import pytest
from making import NOON, Tape, event, shopped

from api.current import Current
from api.visitor import Reception
from attune.adapters.cel import compiled
from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, Kind, millis
from attune.decide.content import Content
from attune.decide.playbook import Playbook
from attune.ids import ProfileId
from attune.profiles.profile import Profile
from attune.profiles.redirect import links_of
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

CURRENT = Current(Playbook.of(Content(), compiled), ())


def alias(user: str, previous: str) -> Event:
    return event(user, type="alias", kind=Kind.CONTEXTUAL, previous_id=previous)


async def views(store: MemoryStore, asked: str) -> object:
    """What the API answers."""
    reception = Reception(store, USER_FEATURES, lambda: CURRENT, lambda: "id")
    return (await reception.visitor(ProfileId(asked), millis(NOON))).flat["views_24h"]


async def frozen(store: MemoryStore, source: str, alias: Event) -> None:
    """The first of the three writes of a hand-over, as if it had seen nothing of the others."""
    profile = Profile(ProfileId(source), store.rows[ProfileId(source)], USER_FEATURES)
    profile.freeze(next(link for link in links_of(alias) if link.source == source))
    await store.save([profile.write()])


@pytest.mark.parametrize("circle", ["ab", "abc"])
@pytest.mark.parametrize("last", [0, 1])
async def test_a_circle_becomes_one_profile_whoever_comes_next(circle: str, last: int) -> None:
    for order in permutations(circle):
        store, tape = MemoryStore(), Tape()
        consumer = Features((store, USER_FEATURES))
        await consumer.take(tape(*(shopped("viewed", name) for name in circle)))
        for source, target in zip(circle, circle[1:] + circle[0], strict=True):
            await frozen(store, source, alias(target, source))

        for name in order:
            await consumer.take(tape(shopped("viewed", name)))
        await consumer.take(tape(shopped("viewed", order[last])))

        expected = 2 * len(circle) + 1
        assert [await views(store, name) for name in circle] == [expected] * len(circle)
