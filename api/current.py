"""The content and the models in use: replaced as a whole when either changes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from attune.decide.content import Content, ContentStore
from attune.decide.expression import Language
from attune.decide.playbook import Playbook
from attune.errors import AttuneError
from attune.predict.score import PriorScorer, Scorer
from attune.predict.store import ModelStore, StoredModel
from attune.telemetry import CONTENT_LOADED

_log = structlog.get_logger()

_RETRY_AFTER = 1.0  # seconds
PURCHASE = "purchase"
PRIORS: Mapping[str, Scorer] = {PURCHASE: PriorScorer(PURCHASE, 0.03)}
"""Who answers until a model of the name is published. 0.03 is about the share of product views
that end in an order within the hour, in the rees46 sample; a model brings its own base rate."""


@dataclass(frozen=True, slots=True)
class Current:
    """What one request decides with. `missing` names parts that could not be loaded, and why."""

    playbook: Playbook
    scorers: Sequence[Scorer]
    missing: Mapping[str, str] = field(default_factory=dict)


class Following:
    """Keeps a `Current` up to date; what was loaded last stays in use while the store is away."""

    def __init__(
        self,
        content: ContentStore,
        models: ModelStore,
        language: Language,
        scorer: Callable[[StoredModel], Scorer],
    ) -> None:
        self._content = content
        self._models = models
        self._language = language
        self._scorer = scorer
        self.current = Current(Playbook.of(Content(), language), tuple(PRIORS.values()))
        self.loaded = False
        """Whether content was ever loaded."""
        self.listeners: set[Callable[[], None]] = set()
        """Who is called after each refresh."""

    async def refresh(self) -> None:
        """Load both; what cannot be loaded keeps its last value and is named as missing."""
        playbook, scorers = self.current.playbook, self.current.scorers
        missing: dict[str, str] = {}
        try:
            playbook = Playbook.of(await self._content.load(), self._language)
            CONTENT_LOADED.set_to_current_time()
            self.loaded = True
        except AttuneError as error:
            missing["content"] = str(error)
        try:
            scorers = self._scorers(await self._models.active())
        except AttuneError as error:
            missing["models"] = str(error)
        self.current = Current(playbook, scorers, missing)
        _log.info("content.loaded", playbook=playbook.version, missing=missing)
        for listener in tuple(self.listeners):
            listener()

    def _scorers(self, published: Sequence[StoredModel]) -> Sequence[Scorer]:
        models = {scorer.name: scorer for scorer in map(self._scorer, published)}
        return tuple({**PRIORS, **models}.values())

    async def follow(self) -> None:
        """Refresh whenever something changed, for ever."""
        while True:
            try:
                async for _ in self._content.changes():
                    await self.refresh()
            except Exception:  # noqa: BLE001 - pages must not show today's content for ever
                _log.exception("content.following_broke")
                await asyncio.sleep(_RETRY_AFTER)
