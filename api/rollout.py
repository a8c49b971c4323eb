"""Other feature declarations are taken over while requests go on.

`attune features apply` writes down what it has applied. A running server hears of it, imports
`feature_repo/` anew, and where that is what was applied, makes types, documents and readers of it
beside those in use, and then lets the next request find them. Whatever goes wrong, the ones before
stay; `/health/ready` and the log say why.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from api.declared import Declared, FeatureRepo
from api.installed import Installed
from api.refusal import Refused
from attune.errors import AttuneError
from attune.features.feature_set import FeatureSet
from attune.features.meaning import digest
from attune.telemetry import ROLLOUTS

_log = structlog.get_logger()

_RETRY_AFTER = 1.0  # seconds


class Declarations(Protocol):
    """Where it is written down what was applied: PostgreSQL."""

    async def applied(self) -> str | None:
        """Return the digest of what was applied last, if anything was.

        Raises:
            Unavailable: the store does not answer.
        """

    def changes(self) -> AsyncIterator[str]:
        """Yield something whenever another digest may have been applied, and now and then."""


class Rollout:
    """Holds what is served now."""

    def __init__(
        self,
        declarations: Declarations,
        made: Callable[[Sequence[FeatureSet]], Installed],
        first: Sequence[FeatureSet],
        taken_over: Callable[[Installed], Awaitable[None]] | None = None,
        declared: Declared | None = None,
    ) -> None:
        self._declarations = declarations
        self._made = made
        self._taken_over = taken_over
        self._declared = declared or FeatureRepo()
        self._lies_here: tuple[object, str] = (None, "")  # stamps as of the last import, its digest
        self.current = made(first)
        self.problem = ""
        """Why what was applied last is not served, if it is not."""

    async def follow(self) -> None:
        """Take over whatever is applied, for ever."""
        while True:
            try:
                async for _ in self._declarations.changes():
                    await self.look()
            except Exception:  # noqa: BLE001 - an old schema must not be served for ever
                _log.exception("declarations.following_broke")
            await asyncio.sleep(_RETRY_AFTER)

    async def look(self) -> None:
        """Take over what is applied, if it is not served yet and lies here."""
        try:
            wanted = await self._declarations.applied()
        except AttuneError as error:
            _log.warning("declarations.unknown", reason=str(error))
            return
        if wanted in (None, self.current.digest):
            self.problem = ""
            return
        try:
            await self._take_over(str(wanted))
        except Exception as error:  # noqa: BLE001 - of anybody's code in feature_repo
            self._refuse(f"{type(error).__name__}: {error}")

    async def _take_over(self, wanted: str) -> None:
        stamps = self._declared.stamps()  # first: what changes during the import is seen later
        known, found = self._lies_here
        if stamps == known and found != wanted:
            self._refuse(_elsewhere(wanted, found))
            return
        # In a thread: it takes a quarter of a second, and requests go on meanwhile.
        every = await asyncio.to_thread(self._declared.load)
        self._lies_here = stamps, (found := digest(every))
        if found != wanted:
            self._refuse(_elsewhere(wanted, found))
            return
        new = await asyncio.to_thread(self._made, every)
        await asyncio.to_thread(_prepare, new, self.current)
        before, self.current, self.problem = self.current, new, ""
        ROLLOUTS.labels("taken_over").inc()
        _log.info("declarations.taken_over", before=before.digest, now=new.digest)
        if self._taken_over:
            await self._taken_over(new)

    def _refuse(self, why: str) -> None:
        if why != self.problem:  # it is looked at again and again
            ROLLOUTS.labels("refused").inc()
            _log.error("declarations.refused", reason=why, served=self.current.digest)
        self.problem = why


def _elsewhere(wanted: str, found: str) -> str:
    remedy = "deploy feature_repo/; it is imported again when a file in it changes"
    return f"{wanted} was applied, and {found} lies here: {remedy}"


def _prepare(new: Installed, old: Installed) -> None:
    """Read the documents that are in use, so that nobody waits for that."""
    for text in old.documents.texts():
        try:
            new.documents.find(text)
        except Refused:
            continue  # it asks for what is gone; whoever sends it is told
