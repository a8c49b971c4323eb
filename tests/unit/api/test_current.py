import asyncio
from collections.abc import AsyncIterator

import pytest

from api import current
from api.current import Following
from attune.adapters.cel import compiled
from attune.adapters.memory_content import MemoryContent, MemoryModels
from attune.decide.content import Content, Noun, Slot
from attune.errors import Unavailable
from attune.predict.score import PriorScorer

HERO = Content(slots=(Slot("hero"),))


class Flaky(MemoryContent):
    """Away while told so; the first time it is listened to, something unforeseen happens."""

    away = False
    breaks = 0

    async def load(self) -> Content:
        if self.away:
            raise Unavailable("PostgreSQL", "injected")
        return await super().load()

    async def changes(self) -> AsyncIterator[Noun]:
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("connection is closed")
        async for noun in super().changes():
            yield noun


def following(content: MemoryContent) -> Following:
    return Following(content, MemoryModels(), compiled, lambda _: PriorScorer("none", 0))


async def until(following: Following, *slots: str) -> None:
    async with asyncio.timeout(5):
        while tuple(following.current.playbook.places) != slots:
            await asyncio.sleep(0)


async def test_what_was_loaded_stays_in_use_while_the_store_is_away() -> None:
    content = Flaky(HERO)
    following_ = following(content)
    await following_.refresh()

    content.away = True
    await following_.refresh()

    assert list(following_.current.playbook.places) == ["hero"]
    assert following_.current.missing == {"content": "PostgreSQL is unavailable: injected"}
    assert [scorer.name for scorer in following_.current.scorers] == ["purchase"]

    content.away = False
    await following_.refresh()
    assert not following_.current.missing


@pytest.mark.parametrize("breaks", [0, 1])
async def test_a_change_is_followed_even_after_listening_broke(
    monkeypatch: pytest.MonkeyPatch, breaks: int
) -> None:
    monkeypatch.setattr(current, "_RETRY_AFTER", 0)
    content = Flaky()
    content.breaks = breaks
    following_ = following(content)
    task = asyncio.create_task(following_.follow())

    try:
        await until(following_)
        await content.replace(HERO, actor="test")
        await until(following_, "hero")
    finally:
        task.cancel()
