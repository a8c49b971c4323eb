import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest
from answering import reception
from graphql import GraphQLError
from making import NOON, Tape, event, shopped

from api.live.answers import Answer, Answering
from api.live.watch import AnswerCause
from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, millis
from attune.ids import ANONYMOUS, ProfileId
from attune.settings import Live
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

ADA = ProfileId("ada")
GUEST = ProfileId(f"{ANONYMOUS}a-1")
QUICK = Live(interval=timedelta(milliseconds=1))


class Shop:
    """A store, a consumer that writes to it, and live answers from it."""

    def __init__(self, settings: Live = QUICK) -> None:
        self.store = MemoryStore()
        self.content: set[Callable[[], None]] = set()
        self.live = Answering(reception(self.store), self.store.changes, self.content, settings)
        self._features = Features((self.store, USER_FEATURES))
        self._tape = Tape()
        self._minutes = count()

    async def take(self, *events: Event) -> None:
        await self._features.take(self._tape(*events))

    async def view(self, user: str | None = "ada", **more: object) -> None:
        at = NOON + timedelta(minutes=next(self._minutes))
        await self.take(shopped("viewed", user, at, **more))

    @asynccontextmanager
    async def following(self, asked: ProfileId = ADA) -> AsyncIterator[Callable[[], object]]:
        answers = self.live.answers(asked, lambda: millis(NOON))
        async with aclosing(answers):

            async def newest() -> Answer:
                async with asyncio.timeout(5):
                    return await anext(answers)

            yield newest


def views(answer: Answer) -> object:
    return answer.visitor.flat["views_24h"]


async def test_the_first_answer_comes_at_once_and_the_next_with_what_was_done() -> None:
    shop = Shop()
    async with shop.following() as newest:
        first = await newest()
        assert (views(first), first.cause) == (0, AnswerCause.SUBSCRIBED)

        await shop.view()

        second = await newest()
        assert (views(second), second.cause) == (1, AnswerCause.FEATURES)


async def test_a_reader_who_is_slow_gets_one_answer_with_all_that_happened() -> None:
    shop = Shop()
    async with shop.following() as newest:
        await newest()
        for _ in range(50):
            await shop.view()

        assert views(await newest()) == 50
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await newest()


async def test_what_happens_while_an_answer_is_made_is_in_the_next_one() -> None:
    """The change is noted before the row is read, never after."""
    shop = Shop()
    load = shop.store.load

    async def loads_just_before_a_write(ids: object) -> object:
        found = await load(ids)
        shop.store.load = load
        await shop.view()
        return found

    shop.store.load = loads_just_before_a_write
    async with shop.following() as newest:
        assert views(await newest()) == 0
        assert views(await newest()) == 1


async def test_other_visitors_are_not_heard() -> None:
    shop = Shop()
    async with shop.following() as newest:
        await newest()
        await shop.view("bob")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await newest()


async def test_a_visitor_who_says_who_they_are_is_followed_to_their_profile() -> None:
    shop = Shop()
    async with shop.following(GUEST) as newest:
        await newest()
        await shop.view(None, anonymous_id="a-1")
        assert views(await newest()) == 1

        later = NOON + timedelta(minutes=5)
        await shop.take(event("ada", later, type="identify", anonymous_id="a-1"))
        answer = await newest()
        assert answer.visitor.profile.id == ADA

        await shop.view("ada")
        assert views(await newest()) == 2


async def test_other_content_makes_a_new_answer() -> None:
    shop = Shop()
    async with shop.following() as newest:
        await newest()
        for changed in shop.content:
            changed()

        assert (await newest()).cause is AnswerCause.CONTENT


async def test_nothing_is_left_of_a_subscription_that_has_ended() -> None:
    shop = Shop()
    async with shop.following() as newest:
        await newest()
        assert shop.store.changes.listened_to == {ADA}

    assert not shop.store.changes.listened_to
    assert not shop.content


async def test_more_subscriptions_than_allowed_are_refused_and_one_that_ends_makes_room() -> None:
    shop = Shop(Live(most=1))
    async with shop.following() as first:
        await first()
        async with shop.following() as second:
            with pytest.raises(GraphQLError, match="1 live subscriptions here already"):
                await second()

    async with shop.following() as third:
        await third()
