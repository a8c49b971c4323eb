"""Declarations that are applied while a server runs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import structlog

from api.rollout import Rollout
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.features.meaning import digest
from feature_repo.views import FEATURES, USER_FEATURES

MORE = (
    FeatureSet(
        [
            replace(view, description=f"{view.description}, as before")
            for view in USER_FEATURES.views
        ]
    ),
    *FEATURES[1:],
)


class Written:
    """What was applied, as a test says it."""

    def __init__(self, applied: str | None = None) -> None:
        self.digest = applied
        self.away = False

    async def applied(self) -> str | None:
        if self.away:
            raise Unavailable("PostgreSQL", "away")
        return self.digest

    def changes(self) -> AsyncIterator[str]:
        raise NotImplementedError


class Made:
    """Makes what stands for types, documents and readers."""

    def __init__(self) -> None:
        self.breaks = False

    def __call__(self, every: Sequence[FeatureSet]) -> Any:
        if self.breaks:
            raise ValueError("a persisted document does not fit")
        documents = SimpleNamespace(texts=lambda: ["{ a }"], find=lambda _: None)
        return SimpleNamespace(every=every, digest=digest(every), documents=documents)


class Lying:
    """What lies here; how often it was imported, and changed."""

    def __init__(self, every: Sequence[FeatureSet]) -> None:
        self.every = every
        self.imported = 0
        self.changed = 0

    def load(self) -> Sequence[FeatureSet]:
        self.imported += 1
        return self.every

    def stamps(self) -> object:
        return self.changed

    def deploy(self, every: Sequence[FeatureSet]) -> None:
        self.every = every
        self.changed += 1


def rollout(written: Written, made: Made, lying: Lying | None = None) -> Rollout:
    return Rollout(written, made, FEATURES, declared=lying or Lying(MORE))


async def test_what_was_applied_and_lies_here_is_taken_over() -> None:
    written = Written()
    running = rollout(written, Made())
    await running.look()
    assert running.current.digest == digest(FEATURES)

    written.digest = digest(MORE)
    await running.look()

    assert running.current.digest == digest(MORE)
    assert running.problem == ""


async def test_what_was_applied_elsewhere_and_does_not_lie_here_is_not_served() -> None:
    running = rollout(Written("0123456789ab"), Made())

    with structlog.testing.capture_logs() as logs:
        await running.look()
        await running.look()

    assert running.current.digest == digest(FEATURES)
    assert "0123456789ab was applied" in running.problem
    assert "deploy feature_repo/" in running.problem
    assert len(logs) == 1, "it is said once"


async def test_it_is_imported_again_only_when_a_file_of_it_has_changed() -> None:
    written, lying = Written("0123456789ab"), Lying(FEATURES)
    running = rollout(written, Made(), lying)
    for _ in range(3):
        await running.look()
    assert lying.imported == 1

    written.digest = digest(MORE)
    await running.look()
    assert lying.imported == 1
    assert f"{digest(MORE)} was applied" in running.problem

    lying.deploy(MORE)
    await running.look()
    assert lying.imported == 2
    assert running.current.digest == digest(MORE)
    assert running.problem == ""


async def test_what_lay_here_and_was_applied_elsewhere_meanwhile_is_taken_over() -> None:
    written, lying = Written("0123456789ab"), Lying(MORE)
    running = rollout(written, Made(), lying)
    await running.look()
    assert running.current.digest == digest(FEATURES)

    written.digest = digest(MORE)
    await running.look()

    assert running.current.digest == digest(MORE)


async def test_what_is_not_served_is_named_again_when_it_comes_back() -> None:
    written = Written("0123456789ab")
    running = rollout(written, Made(), Lying(FEATURES))
    await running.look()
    written.digest = digest(FEATURES)
    await running.look()
    assert running.problem == ""

    written.digest = "0123456789ab"
    await running.look()

    assert "0123456789ab was applied" in running.problem


async def test_a_file_that_changes_while_it_is_imported_is_not_missed() -> None:
    class Racing(Lying):
        def load(self) -> Sequence[FeatureSet]:
            found = super().load()
            if self.imported == 1:
                self.deploy(MORE)
            return found

    running = rollout(Written(digest(MORE)), Made(), Racing(FEATURES))
    await running.look()
    await running.look()

    assert running.current.digest == digest(MORE)


async def test_what_cannot_be_served_leaves_the_ones_before_in_use_and_is_tried_again() -> None:
    made = Made()
    running = rollout(Written(digest(MORE)), made)
    made.breaks = True
    await running.look()
    assert running.current.digest == digest(FEATURES)
    assert running.problem == "ValueError: a persisted document does not fit"

    made.breaks = False
    await running.look()

    assert running.current.digest == digest(MORE)
    assert running.problem == ""


async def test_without_postgres_everything_stays() -> None:
    written = Written(digest(MORE))
    written.away = True
    running = rollout(written, Made())

    await running.look()

    assert running.current.digest == digest(FEATURES)
