"""`attune train`, from the archive to a model that serves."""

from datetime import timedelta
from random import Random

import pytest
from making import NOON, Tape, shopped

from attune.adapters.archive.writer import ArchiveWriter
from attune.adapters.memory_content import MemoryModels
from attune.adapters.onnx import load_scorer
from attune.adapters.postgres.migrate import migrate
from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import Value, act_of
from attune.features.folded import Folded
from attune.predict.score import Scorer
from attune.settings import Settings
from feature_repo.services import model_inputs
from feature_repo.views import USER_FEATURES
from training.main import train

INPUTS = [field.name for field in model_inputs(USER_FEATURES)]
NOW = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def migrated(settings: Settings) -> None:
    migrate(settings)


def shopping(visitors: int, seed: int, *, turning: bool = False) -> list[Event]:
    """Ten hours of visits; who puts something in the cart mostly buys some minutes later.

    If `turning`, it is the others who buy in the last four hours.
    """
    luck = Random(seed)
    events = []
    for n in range(visitors):
        user, at = f"user-{n}", NOON - timedelta(seconds=luck.randrange(36_000))
        keen = luck.random() < 0.3
        for _ in range(luck.randrange(1, 6)):
            events.append(shopped("viewed", user, at))
            at += timedelta(seconds=luck.randrange(20, 200))
        if keen:
            events.append(shopped("added", user, at))
        buying = keen != (turning and at > NOON - timedelta(hours=4))
        if luck.random() < (0.8 if buying else 0.02):
            events.append(shopped("purchased", user, at + timedelta(minutes=5)))
    return sorted(events, key=lambda one: one.timestamp)


def archive(settings: Settings, events: list[Event]) -> None:
    ArchiveWriter(settings.data / "archive").write(Tape()(*events))


def chance(scorer: Scorer, events: list[Event]) -> float:
    """What the model gives a visitor who did this, all of it now."""
    folded = Folded(USER_FEATURES, {})
    for one in events:
        folded.update(act_of(one), one, one.at)
    values: dict[str, Value] = {}
    for view in USER_FEATURES.views:
        values |= folded.read(view, events[-1].at)
    return scorer.score(values).value


async def test_a_model_is_trained_judged_and_published(settings: Settings) -> None:
    archive(settings, shopping(900, seed=1))
    models, said = MemoryModels(), []

    outcome = await train(settings, models, NOW, progress=said.append)

    [stored] = await models.active()
    scorer = load_scorer(stored, INPUTS)
    about = outcome.bundle.metadata
    assert outcome.version == stored.version == 1
    assert about.metrics.auc > 0.6
    assert about.metrics.log_loss < about.baseline.log_loss
    assert about.trained.end + timedelta(hours=1) < about.held_out.start
    keen = [*(shopped("viewed") for _ in range(3)), shopped("added")]
    assert chance(scorer, keen) > 2 * chance(scorer, [shopped("viewed")])
    assert outcome.report.exists()
    assert said[-1] == "published purchase version 1"


async def test_training_twice_gives_the_same_model(settings: Settings) -> None:
    archive(settings, shopping(400, seed=2))
    models = MemoryModels()

    first = await train(settings, models, NOW, force=True)
    archive(settings, shopping(400, seed=2))  # the same offsets again: a replay
    second = await train(settings, models, NOW, force=True)

    assert second.bundle == first.bundle
    assert second.version == 2


async def test_a_model_that_is_worse_than_the_average_is_published_only_by_force(
    settings: Settings,
) -> None:
    archive(settings, shopping(400, seed=3, turning=True))
    models = MemoryModels()

    outcome = await train(settings, models, NOW)
    assert outcome.version is None
    assert "log loss" in outcome.why
    assert await models.active() == []

    assert (await train(settings, models, NOW, force=True)).version == 1


async def test_an_archive_that_is_empty_or_too_short_publishes_nothing(
    settings: Settings,
) -> None:
    models = MemoryModels()
    with pytest.raises(ConfigurationError, match="archive is empty"):
        await train(settings, models, NOW)

    archive(settings, shopping(3, seed=1))
    with pytest.raises(ConfigurationError, match="not enough data"):
        await train(settings, models, NOW)

    assert await models.active() == []


async def test_events_after_now_are_left_out(settings: Settings) -> None:
    archive(settings, shopping(900, seed=1))

    outcome = await train(settings, MemoryModels(), NOON - timedelta(hours=3), force=True)

    assert outcome.bundle.metadata.held_out.end <= NOON - timedelta(hours=4)
