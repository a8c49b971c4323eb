"""The tour: one visitor through all seven stops, in memory, one assert a stop.

Read it from top to bottom to know what Attune does; `make walk` does the same on real servers.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from api import collect
from api.application import Application
from api.context import Context
from api.current import Following
from api.live.answers import Answering
from api.measure import Measured
from api.schema import build_schema
from api.visitor import Reception
from attune.adapters.cel import compiled
from attune.adapters.memory import MemoryLog, MemoryStore
from attune.adapters.memory_content import MemoryContent, MemoryMeasures, MemoryModels
from attune.predict.score import PriorScorer
from attune.settings import Collect
from attune.stream import BEHAVIORAL, CONTEXTUAL, EVENTS, EXPOSURES, TRANSACTIONAL
from cli.seed.load import DEMO, read_seed
from consumers.features.consumer import Features
from consumers.measure import Measure
from feature_repo.views import FEATURES, USER_FEATURES

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=10)

VISIT = json.loads((Path(__file__).parents[1] / "scripts" / "visit.json").read_text())

QUERY = """{
  user(anonymousId: "browser-1") {
    id segment degraded
    profile { userId anonymousIds traits }
    features { activity { views1h carts1h purchases1h } purchases { frequency monetary } }
    predictions { name value basis }
    blocks(slots: ["hero"]) { decisionId slot key component content why { rule summary } }
  }
}"""


async def test_one_visitor_through_all_seven_stops() -> None:
    log, profiles, measures = MemoryLog(), MemoryStore(), MemoryMeasures()
    ids = (f"id-{number}" for number in count())

    # 1. collect: a request becomes canonical events, each acknowledged before it is answered
    routes = collect.routes(log, Collect(write_keys={"wk": "shop"}), lambda: NOW, ids.__next__)
    transport = httpx.ASGITransport(Application(routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as shop:
        calls = [{**call, "timestamp": EARLIER.isoformat()} for call in VISIT]
        reply = await shop.post("/v1/batch", json={"batch": calls}, auth=("wk", ""))
        assert reply.json() == {"success": True, "accepted": 4, "rejected": []}

        # 2. stream: what they did, what they paid for and who they are lie in topics of their own
        lying = {topic: len(log.read(topic)) for topic in EVENTS}
        assert lying == {BEHAVIORAL: 2, TRANSACTIONAL: 1, CONTEXTUAL: 1}

        # 3. features: the fold counts each event once, though it is given every one twice
        consumer = Features((profiles, USER_FEATURES))
        for _ in range(2):
            await consumer.take(log.read(*EVENTS))
        answer = await ask(profiles, measures, ids.__next__)
        assert answer["features"] == {
            "activity": {"views1h": 1, "carts1h": 1, "purchases1h": 1},
            "purchases": {"frequency": 1, "monetary": 516.0},
        }

        # 4. profile: the anonymous browser has become Ada, with all it did before
        assert (answer["id"], answer["segment"], answer["profile"]) == (
            "ada",
            "high_value",
            {
                "userId": "ada",
                "anonymousIds": ["browser-1"],
                "traits": {"name": "Ada", "plan": "plus"},
            },
        )

        # 5. predict: no model is published yet, so the prior speaks, and says so
        assert answer["predictions"] == [{"name": "purchase", "value": 0.03, "basis": "PRIOR"}]

        # 6. decide: the content team's first rule for the hero holds, and the answer says why
        (hero,) = answer["blocks"]
        assert (hero["key"], hero["why"]) == (
            "premium-offer-banner",
            {
                "rule": "hero/1",
                "summary": "Rule hero/1 holds: "
                'user.segment == "high_value", with user.segment = "high_value".',
            },
        )

        # 7. measure: the page says that it showed the block, twice; it counts once
        shown = {
            "event": "Content Shown",
            "userId": "ada",
            "messageId": "m-1",
            "properties": {"decision_id": hero["decisionId"], "slot": "hero", "block": hero["key"]},
        }
        for _ in range(2):
            await shop.post("/v1/track", json=shown, auth=("wk", ""))
        await Measure(measures).take(log.read(EXPOSURES))
        counts = [(count.block, count.shown) for count in await measures.counts()]
        assert counts == [("premium-offer-banner", 1)]


async def ask(
    profiles: MemoryStore,
    measures: MemoryMeasures,
    new_id: Callable[[], str],
    query: str = QUERY,
) -> dict[str, Any]:
    """What the API answers about the visitor."""
    following = Following(
        MemoryContent(read_seed(DEMO)), MemoryModels(), compiled, lambda _: PriorScorer("none", 0)
    )
    await following.refresh()
    reception = Reception(profiles, USER_FEATURES, lambda: following.current, new_id)
    live = Answering(reception, profiles.changes, following.listeners)
    context = Context(reception, Measured(measures.counts), lambda: NOW, live)
    result = await build_schema(FEATURES).execute(query, context_value=context)
    assert result.errors is None
    assert result.data is not None
    answer: dict[str, Any] = result.data["user"]
    return answer
