"""Other feature declarations are taken over while requests go on.

`attune features apply` writes down what it has applied. A running server hears of it, imports
`feature_repo/` anew, and where that is what was applied, makes types, documents and readers of it
beside those in use, and then lets the next request find them. Whatever goes wrong, the ones before
stay; `/health/ready` and the log say why.
"""

import asyncio
import importlib
import linecache
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from api.installed import Installed
from api.refusal import Refused
from attune.errors import AttuneError
from attune.features.feature_set import FeatureSet
from attune.features.meaning import digest
from attune.telemetry import ROLLOUTS

_log = structlog.get_logger()

_PACKAGE = "feature_repo"
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
        load: Callable[[], Sequence[FeatureSet]] | None = None,
    ) -> None:
        self._declarations = declarations
        self._made = made
        self._taken_over = taken_over
        self._load = load or load_declared
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
        # In a thread: it takes a quarter of a second, and requests go on meanwhile.
        every = await asyncio.to_thread(self._load)
        if (found := digest(every)) != wanted:
            self._refuse(f"{wanted} was applied, and {found} lies here: deploy feature_repo/")
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


def _prepare(new: Installed, old: Installed) -> None:
    """Read the documents that are in use, so that nobody waits for that."""
    for text in old.documents.texts():
        try:
            new.documents.find(text)
        except Refused:
            continue  # it asks for what is gone; whoever sends it is told


def load_declared() -> Sequence[FeatureSet]:
    """Import `feature_repo` anew; what was imported before stays what it is for its users.

    Raises:
        Exception: whatever importing it raises; the modules before are in place again then.
    """
    before = {name: sys.modules.pop(name) for name in _modules()}
    importlib.invalidate_caches()
    linecache.checkcache()
    try:
        found: Sequence[FeatureSet] = importlib.import_module(f"{_PACKAGE}.views").FEATURES
    except BaseException:
        for name in _modules():
            del sys.modules[name]
        sys.modules.update(before)
        raise
    return found


def _modules() -> list[str]:
    return [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]
