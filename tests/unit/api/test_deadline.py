import asyncio

import pytest

from api.deadline import Deadlines


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_block_that_takes_too_long_is_interrupted() -> None:
    deadlines = Deadlines()

    with pytest.raises(TimeoutError), deadlines.within(0.01):
        await never()

    assert not deadlines.running
    await asyncio.sleep(0)  # nothing of it is left in the task


async def test_each_block_has_its_own_time() -> None:
    deadlines = Deadlines()
    ended: list[float] = []

    async def block(seconds: float) -> None:
        with pytest.raises(TimeoutError), deadlines.within(seconds):
            await never()
        ended.append(seconds)

    await asyncio.gather(block(0.15), block(0.01), block(0.05))

    assert ended == [0.01, 0.05, 0.15]


async def test_a_block_that_is_done_in_time_is_left_alone() -> None:
    deadlines = Deadlines()

    for _ in range(3):
        with deadlines.within(0.02):
            await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def test_whoever_cancels_the_task_is_heard() -> None:
    deadlines = Deadlines()

    async def block() -> None:
        with deadlines.within(60):
            await never()

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelled_by_both_it_is_cancelled() -> None:
    deadlines = Deadlines()

    async def block() -> None:
        with deadlines.within(0.01):
            try:
                await never()
            except asyncio.CancelledError:
                asyncio.current_task().cancel()  # type: ignore[union-attr]
                raise

    task = asyncio.create_task(block())
    with pytest.raises(asyncio.CancelledError):
        await task


def test_one_loop_after_the_other() -> None:
    deadlines = Deadlines()

    async def block() -> None:
        with pytest.raises(TimeoutError), deadlines.within(0.01):
            await never()

    async def left_behind() -> None:
        deadlines.within(60)

    for _ in range(2):
        asyncio.run(block())
        asyncio.run(left_behind())
