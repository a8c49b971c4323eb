"""Hearing at once that content, models or declarations changed, whoever changed them."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

import structlog

from attune.adapters.postgres.database import listen
from attune.errors import Unavailable
from attune.settings import Settings

_log = structlog.get_logger()

_CHANNEL = "attune"  # of the triggers in the migrations
_RETRY_AFTER = 1.0  # seconds
POLL_EVERY = 30.0
"""Seconds after which a running program looks for changes that it did not hear of."""

Noun = TypeVar("Noun", bound=str)


async def changes(
    settings: Settings, watched: tuple[Noun, ...], poll_every: float = POLL_EVERY
) -> AsyncIterator[Noun]:
    """Yield what of the `watched` nouns changed, for ever.

    All of them at first, after a loss, and every `poll_every` seconds: a connection that a firewall
    has dropped looks like one that is silent.
    """
    while True:
        try:
            async with listen(settings, _CHANNEL) as (connection, heard):
                nouns = watched
                while True:
                    for noun in nouns:
                        yield noun
                    payloads = await _next(heard, poll_every)
                    if not payloads:
                        await connection.execute("SELECT 1")
                    elif "" in payloads:
                        break
                    nouns = _changed(watched, payloads, settings.postgres_schema)
        except Unavailable as error:
            _log.warning("changes.deaf", reason=str(error))
        await asyncio.sleep(_RETRY_AFTER)


async def _next(heard: asyncio.Queue[str], poll_every: float) -> set[str]:
    """Return all that was heard, once there is something; nothing when the time is over."""
    try:
        async with asyncio.timeout(poll_every):
            payloads = {await heard.get()}
    except TimeoutError:
        return set()
    while not heard.empty():
        payloads.add(heard.get_nowait())
    return payloads


def _changed(watched: tuple[Noun, ...], payloads: set[str], schema: str) -> tuple[Noun, ...]:
    """Return the nouns of our schema that were named; all of them if none was heard of."""
    return tuple(noun for noun in watched if not payloads or f"{schema}.{noun}" in payloads)
