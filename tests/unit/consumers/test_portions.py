"""Rows go on their way in portions, so that the store works while we fold."""

import asyncio

import pytest

from consumers.features import saves
from consumers.features.saves import in_portions

ROWS = {f"r{n}": n for n in range(10 * saves.AT_ONCE)}


async def test_every_row_is_in_one_portion_in_order() -> None:
    done: list[dict[str, int]] = []

    async def work(portion: dict[str, int]) -> None:
        done.append(portion)

    await in_portions(ROWS, work)

    assert [row for portion in done for row in portion.items()] == list(ROWS.items())
    assert {len(portion) for portion in done} == {saves.AT_ONCE}


async def test_only_some_are_under_way_and_the_next_begins_when_one_is_done() -> None:
    begun: list[int] = []
    going_on = asyncio.Semaphore(0)

    async def work(portion: dict[str, int]) -> None:
        begun.append(min(portion.values()))
        await going_on.acquire()

    doing = asyncio.create_task(in_portions(ROWS, work))
    await _until_idle()
    ahead = len(begun)
    going_on.release()
    await _until_idle()

    assert (ahead, len(begun)) == (3, 4)
    for _ in ROWS:
        going_on.release()
    await doing
    assert begun == sorted(begun)


async def test_after_a_failure_none_is_begun_and_those_under_way_are_waited_for() -> None:
    begun = ended = 0
    failing, broken = asyncio.Event(), asyncio.Event()

    async def work(portion: dict[str, int]) -> None:
        nonlocal begun, ended
        begun += 1
        if 0 in portion.values():
            await failing.wait()
            broken.set()
            raise OSError("away")
        await broken.wait()
        await _until_idle()
        ended += 1

    doing = asyncio.create_task(in_portions(ROWS, work))
    await _until_idle()
    failing.set()
    with pytest.raises(OSError, match="away"):
        await doing

    assert (begun, ended) == (3, 2)


async def _until_idle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
