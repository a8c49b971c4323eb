"""Hearing at once that content or models changed, whoever changed them."""

import asyncio
from collections.abc import AsyncIterator
from typing import get_args

import structlog

from attune.adapters.postgres.database import listen
from attune.decide.content import Noun
from attune.errors import Unavailable
from attune.settings import Settings

_log = structlog.get_logger()

_CHANNEL = "attune"  # of the triggers in migration 0001
_RETRY_AFTER = 1.0  # seconds
_NOUNS: tuple[Noun, ...] = get_args(Noun)


async def changes(settings: Settings, poll_every: float) -> AsyncIterator[Noun]:
    """Yield what changed, for ever; everything at first, after a loss, and every `poll_every` s.

    The poll is a net: a connection that a firewall has dropped looks like one that is silent.
    """
    while True:
        try:
            async with listen(settings, _CHANNEL) as (connection, heard):
                nouns = _NOUNS
                while True:
                    for noun in nouns:
                        yield noun
                    payloads = await _next(heard, poll_every)
                    if not payloads:
                        await connection.execute("SELECT 1")
                    elif "" in payloads:
                        break
                    nouns = _changed(payloads, settings.postgres_schema)
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


def _changed(payloads: set[str], schema: str) -> tuple[Noun, ...]:
    """Return the nouns of our schema that were named; all of them if none was heard of."""
    return tuple(noun for noun in _NOUNS if not payloads or f"{schema}.{noun}" in payloads)
