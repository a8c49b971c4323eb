from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from answering import current, reception
from making import NOON, shopped, taken

from api.population import Population
from api.reading import Reader
from attune.adapters.memory import MemoryStore
from attune.collect.event import millis
from attune.decide.content import Block, Content, Rule, Segment, Slot
from attune.errors import Unavailable
from attune.features.feature import Value
from attune.ids import ProfileId
from attune.ports import Row
from attune.predict.score import Memo, Score
from consumers.features.consumer import Features
from feature_repo.views import POPULATION_FEATURES, USER_FEATURES

ADA = ProfileId("ada")
NOW = millis(NOON)


async def test_a_clock_behind_the_collectors_does_not_hide_what_just_happened() -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("purchased")))

    visitor = await reception(store).visitor(ADA, millis(NOON - timedelta(minutes=7)))

    assert (visitor.now, visitor.flat["purchases_1h"]) == (NOW, 1)
    assert visitor.flat["recency_days"] == 0.0


async def test_a_state_that_cannot_be_read_counts_as_empty_and_is_named() -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))
    row = store.rows[ADA]
    store.rows[ADA] = Row(row.version, {**row.states, "activity": b""}, row.records)

    visitor = await reception(store).visitor(ADA, NOW)

    assert (visitor.flat["views_24h"], visitor.flat["sessions"]) == (0, 1)
    assert visitor.degraded == ["features.activity: user_activity v1 does not begin as it should"]


@pytest.mark.parametrize("record", ["ledger", "traits", "redirect"])
@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x93\x01\x02\x03", b"\x94\x00\x00\x90\xc4\x01x"])
async def test_a_record_that_cannot_be_read_makes_an_empty_profile_that_says_so(
    record: str, raw: bytes
) -> None:
    store = MemoryStore()
    store.rows[ADA] = Row(1, {}, {record: raw})

    visitor = await reception(store).visitor(ADA, NOW)

    assert visitor.flat["sessions"] == 0
    assert visitor.degraded[0].startswith("features: a record of user ada:")


async def test_what_could_not_be_loaded_is_named_in_every_answer() -> None:
    using = current(missing={"content": "PostgreSQL is unavailable: away"})

    visitor = await reception(MemoryStore(), using).visitor(ADA, NOW)

    assert visitor.degraded == ["content: PostgreSQL is unavailable: away"]


async def test_a_customer_is_ranked_among_all_and_the_population_is_read_once_in_a_while() -> None:
    users, population = MemoryStore(), MemoryStore()
    consumer = Features((users, USER_FEATURES), (population, POPULATION_FEATURES))
    bought = [shopped("purchased", f"u{n}", price=n) for n in range(1, 11) for _ in range(n)]
    await consumer.take(taken(*bought))
    seconds = [0.0]
    told = Population(Reader(population, POPULATION_FEATURES), lambda: seconds[0])
    host = replace(reception(users), population=told)

    best = (await host.visitor(ProfileId("u10"), NOW)).flat
    population.rows.clear()
    least = (await host.visitor(ProfileId("u1"), NOW)).flat
    seconds[0] = 10.0
    later = (await host.visitor(ProfileId("u10"), NOW)).flat

    assert (best["rfm"], best["monetary_quintile"]) == (555, 5)
    assert (least["frequency_quintile"], least["monetary_quintile"]) == (1, 1)
    assert later["rfm"] is None
    assert (await host.visitor(ADA, NOW)).flat["rfm"] is None


async def test_the_population_is_read_at_the_moment_that_is_asked_about() -> None:
    users, population = MemoryStore(), MemoryStore()
    consumer = Features((users, USER_FEATURES), (population, POPULATION_FEATURES))
    times = [NOON - timedelta(days=n) for n in range(10)]
    await consumer.take(taken(*(shopped("purchased", f"u{n}", at) for n, at in enumerate(times))))
    told = Population(Reader(population, POPULATION_FEATURES), lambda: 0.0)
    host = replace(reception(users), population=told)

    await host.visitor(ProfileId("u5"), NOW + 3 * 86_400_000)

    fifths = [(await host.visitor(ProfileId(f"u{n}"), NOW)).flat for n in (0, 5, 9)]
    assert [values["recency_quintile"] for values in fifths] == [5, 3, 1]


class Refusing:
    """A model that nobody should run."""

    name = "churn"

    def score(self, features: Mapping[str, Value], memo: Memo | None = None) -> Score:
        raise AssertionError(dict(features), memo)


async def test_only_features_that_are_asked_for_are_decoded() -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))
    row = store.rows[ADA]
    store.rows[ADA] = Row(row.version, {**row.states, "activity": b""}, row.records)

    visitor = await reception(store).visitor(ADA, NOW)
    assert (visitor.flat["sessions"], visitor.degraded) == (1, [])

    assert visitor.check() == ["features.activity: user_activity v1 does not begin as it should"]
    assert visitor.flat["views_24h"] == 0
    assert len(visitor.check()) == 1


async def test_a_view_with_a_seam_is_null_and_said_once() -> None:
    store = MemoryStore()
    former = USER_FEATURES.only({"session"})
    await Features((store, former)).take(taken(shopped("viewed")))

    visitor = await reception(store).visitor(ADA, NOW)

    assert (visitor.flat["views_24h"], visitor.flat["sessions"]) == (None, 1)
    assert visitor.views.named("activity").as_of is None
    assert len([each for each in visitor.check() if "features.activity" in each]) == 1


async def test_no_model_runs_that_neither_the_query_nor_a_rule_asks_for() -> None:
    content = Content(
        segments=(Segment("any", "prediction.purchase > 0.01"),),
        slots=(Slot("hero", fallback="b"),),
        blocks=(Block("b", "hero", "Banner"),),
        rules=(Rule("hero", 0, "user.sessions > 5", "b"),),
    )
    made = current(content)
    using = replace(made, scorers=(*made.scorers, Refusing()))

    visitor = await reception(MemoryStore(), using).visitor(ADA, NOW)

    assert [each.name for each in visitor.segments] == ["any"]
    assert visitor.decide("hero").block == "b"
    assert [each.value for each in visitor.scores(["purchase", "none"])] == [0.03]


async def test_a_population_that_is_not_there_yet_is_looked_for_again_at_once() -> None:
    users, population = MemoryStore(), MemoryStore()
    told = Population(Reader(population, POPULATION_FEATURES), lambda: 0.0)
    host = replace(reception(users), population=told)
    assert (await host.visitor(ProfileId("u5"), NOW)).flat["rfm"] is None

    consumer = Features((users, USER_FEATURES), (population, POPULATION_FEATURES))
    await consumer.take(taken(*(shopped("purchased", f"u{n}", price=n) for n in range(1, 11))))

    assert (await host.visitor(ProfileId("u5"), NOW)).flat["rfm"] is not None


async def test_a_population_that_cannot_be_read_is_not_asked_for_by_every_answer() -> None:
    asked = []

    class Away(MemoryStore):
        async def load(self, ids: Collection[str]) -> dict[str, Row]:
            asked.append(ids)
            raise Unavailable("Redis", "away")

    told = Population(Reader(Away(), POPULATION_FEATURES), lambda: 0.0)
    host = replace(reception(MemoryStore()), population=told)
    for _ in range(3):
        assert (await host.visitor(ADA, NOW)).flat["rfm"] is None

    assert len(asked) == 1
