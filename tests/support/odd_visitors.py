"""The API's context with a visitor of whom anything may be broken: states, models, rules, stores;
and so may what is in play beside them.

The same seed makes the same visitor, so that two executors can be asked about one each.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

from answering import current
from credit import WITH_CREDIT
from making import ACTIONS, CATEGORIES, NOON, event, shopped, taken

from api.context import Context
from api.live.answers import Answering
from api.measure import Measured
from api.reading import Reader
from api.visitor import Reception
from attune.adapters.memory import MemoryChanges, MemoryStore
from attune.adapters.protobuf import timestamp
from attune.collect.event import millis
from attune.decide.content import Block, Content, Rule, Segment, Slot
from attune.errors import Unavailable
from attune.features.plain import STORED_TYPES
from attune.measure import BlockCount
from attune.ports import OnlineStore, Row
from attune.predict.score import ModelId, PriorScorer, Score
from consumers.features.consumer import Features

RULES = (
    "user.views24h > 1",
    "prediction.purchase > 0.01",
    'user.segment == "seen"',
    "user.creditLimit > 1.0",
    "user.traits.plan == 'pro'",
    "user.cartValue / user.cartItems > 3.0",
    "item.trend > 1.0",
    "session.views > 1 || item.views24h > 1",
)
IDS = ("ada", "x", "4", "p1")
"""What documents name most."""
STORED = (
    b"",
    b"\x29\x00\x00\x00\x00\x00\x00\xf8\x7f",
    b"\x20\x81\x80\x80\x80\x80\x80\x80\x10",
    b"\xff",
    b"\x18\x05",
)
"""Null, NaN, a large integer, nothing that Feast writes, a small integer."""


@dataclass
class OddScorer:
    name: str
    value: Any

    def score(self, features: Any) -> Any:
        features.get("views_1h")
        if isinstance(self.value, Exception):
            raise self.value
        return Score(self.name, self.value, "MODEL", ModelId(self.name, 2**31), "told")


class Away(MemoryStore):
    async def load(self, _: Any) -> Any:
        raise Unavailable("Redis", "away")


class Failing(MemoryStore):
    async def load(self, _: Any) -> Any:
        await asyncio.sleep(0)
        raise RuntimeError("no store")


def odd_context(seed: str) -> Callable[[], Context]:
    """What makes a context; every one it makes answers the same."""
    stores = asyncio.run(_stores(Random(seed)))

    def make() -> Context:
        return _context(stores, Random(seed + "context"))

    return make


async def _stores(chance: Random) -> dict[str, OnlineStore]:
    """The stores of each kind of entity, by its name; what happened is told to all."""
    every = {each.entity.name: MemoryStore() for each in WITH_CREDIT}
    events = [
        shopped(
            chance.choice(ACTIONS),
            at=NOON - timedelta(minutes=chance.randrange(3000)),
            category=chance.choice(CATEGORIES),
            item=chance.choice(IDS),
            session_id=chance.choice(IDS),
        )
        for _ in range(chance.randrange(12))
    ]
    events.append(event(type="identify", traits={"plan": chance.choice(["pro", 5, None])}))
    await Features(*zip(every.values(), WITH_CREDIT, strict=True)).take(taken(*events))
    plain = {f"user_credit:credit_{kind}": chance.choice(STORED) for kind in STORED_TYPES}
    if chance.random() < 0.8:
        plain["_ts:user_credit"] = timestamp(millis(NOON - timedelta(hours=chance.randrange(72))))
    _break(every["user"], chance, plain)
    for name in ("item", "session"):
        _break(every[name], chance, {})
    return {name: _away(store, chance) for name, store in every.items()}


def _break(store: MemoryStore, chance: Random, plain: dict[str, bytes]) -> None:
    """Make some of what is stored unreadable."""
    for key, row in store.rows.items():
        states = {
            name: raw
            if chance.random() < 0.9
            else chance.choice([b"", raw[:-1], raw[:10] + b"\xff" * 9])
            for name, raw in row.states.items()
        }
        records = row.records if chance.random() < 0.97 else {"ledger": b"\xff"}
        store.rows[key] = Row(row.version, states, records, plain)


def _away(store: OnlineStore, chance: Random) -> OnlineStore:
    kind = chance.random()
    if kind < 0.1:
        return Failing() if kind < 0.03 else Away()
    return store


def _context(stores: dict[str, OnlineStore], chance: Random) -> Context:
    async def counts() -> list[BlockCount]:
        await asyncio.sleep(0)
        if chance.random() < 0.3:
            raise RuntimeError("no counts")
        return [BlockCount("hero", "a", 2**31 if chance.random() < 0.3 else 7)]

    ids = (f"id-{number}" for number in count())
    now = current(_content(chance))
    values = [0.5, float("nan"), 1, None, "x", ValueError("no score"), 0.25]
    scorers = (PriorScorer("churn", 0.1), OddScorer("purchase", chance.choice(values)))
    using = type(now)(now.playbook, scorers, {"content": "stale"} if chance.random() < 0.2 else {})
    readers = {each.entity.name: Reader(stores[each.entity.name], each) for each in WITH_CREDIT}
    found = Reception(stores["user"], WITH_CREDIT[0], lambda: using, ids.__next__, others=readers)
    live = Answering(found, MemoryChanges(), set())
    return Context(found, Measured(counts), lambda: NOON, live, readers)


def _content(chance: Random) -> Content:
    slots = ("hero", "side")
    contents: list[Any] = [{"title": "t"}, {}, {"n": 2**70}]
    return Content(
        segments=(Segment("seen", "user.views24h > 0"), Segment("lost", chance.choice(RULES))),
        slots=tuple(Slot(slot, fallback=f"{slot}-z" if slot == "hero" else None) for slot in slots),
        blocks=tuple(
            Block(f"{slot}-{key}", slot, "Banner", chance.choice(contents))
            for slot in slots
            for key in "az"
        ),
        rules=tuple(
            Rule(slot, place, chance.choice(RULES), chance.choice([f"{slot}-a", "none-such"]))
            for slot in slots
            for place in range(chance.randrange(3))
        ),
    )
