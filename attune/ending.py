"""Ending what goes on in the background, also where a library keeps from it that it is to end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_AGAIN = 0.2
"""Seconds until it is told once more: aiokafka and redis-py, while they connect, swallow a
cancellation or turn it into an error of theirs, after which one tries again for ever."""


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended.

    Raises:
        Exception: what it ended with, if not by this.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN)
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have something done in the background for as long as the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end(task)
