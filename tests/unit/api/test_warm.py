import asyncio
import gc
from collections.abc import Collection

import pytest
import structlog
from answering import answerer_of

from api import warm
from attune.adapters.memory import MemoryStore
from attune.ids import ProfileId
from attune.ports import Row


class Remembering(MemoryStore):
    asked: Collection[ProfileId] = ()

    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        self.asked = profiles
        return await super().load(profiles)


class Silent(MemoryStore):
    async def load(self, profiles: Collection[ProfileId]) -> dict[ProfileId, Row]:
        await asyncio.Event().wait()
        raise AssertionError(profiles)


async def test_a_worker_answers_once_before_anybody_asks() -> None:
    store = Remembering()
    answerer, documents = answerer_of(store)

    with structlog.testing.capture_logs() as logs:
        await warm.warm_up(answerer, documents)

    assert list(store.asked) == ["warm-up"]
    assert logs == []


async def test_a_store_that_says_nothing_keeps_no_worker_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warm, "WITHIN", 0.01)

    with structlog.testing.capture_logs() as logs:
        await warm.warm_up(*answerer_of(Silent()))

    assert [line["event"] for line in logs] == ["not warm"]


def test_what_is_there_is_taken_out_of_garbage_collection() -> None:
    warm.settle()
    frozen = gc.get_freeze_count()
    gc.unfreeze()

    assert frozen > 10_000
