"""Declarations that are applied while a server runs."""

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from api.rollout import Rollout, load_declared
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


def rollout(written: Written, made: Made, lies_here: Sequence[FeatureSet] = MORE) -> Rollout:
    return Rollout(written, made, FEATURES, load=lambda: lies_here)


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


def test_declarations_are_imported_anew_and_mean_the_same() -> None:
    before = sys.modules["feature_repo.views"]

    found = load_declared()

    assert sys.modules["feature_repo.views"] is not before
    assert found is not FEATURES
    assert digest(found) == digest(FEATURES)


def test_declarations_that_cannot_be_imported_leave_the_modules_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sys.modules["feature_repo.views"]
    monkeypatch.setitem(sys.modules, "attune.features.cart", None)  # importing it raises

    with pytest.raises(ImportError):
        load_declared()

    assert sys.modules["feature_repo.views"] is before
