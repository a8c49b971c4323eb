"""Fifths of customers: exact while all are known, and near enough from a sample."""

import math
import random
from datetime import timedelta

import pytest
from making import NOON, shopped, taken

from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, millis
from attune.features.buyers import Buyers, Sample
from attune.features.entities import CUSTOMERS
from attune.features.ranks import Rfm
from consumers.features.consumer import Features
from feature_repo.views import POPULATION_FEATURES, USER_FEATURES

NOW = millis(NOON)
DAY = 86_400_000


def fold(buyers: Buyers, events: list[Event]) -> Sample:
    state = buyers.empty()
    for one in events:
        state = buyers.update(state, one, one.at)
    return state


def orders(count: int, seed: int = 1) -> list[Event]:
    chance = random.Random(seed)
    return [
        shopped(
            chance.choices(["purchased", "refunded"], [9, 1])[0],
            f"user-{chance.randrange(count)}",
            NOON - timedelta(days=chance.randrange(300)),
            price=chance.randrange(100, 90_000) / 100,
        )
        for _ in range(3 * count)
    ]


def naive(events: list[Event]) -> tuple[int, list[float], list[float], list[float]]:
    """From the definition: the values at ranks ceil(n * i / 5) of everybody who has bought."""
    latest: dict[str, int] = {}
    count: dict[str, int] = {}
    spent: dict[str, float] = {}
    for one in events:
        who, amount = one.user_id, one.commerce.products[0].price_micros
        if one.commerce.action == "purchased":
            latest[who] = max(one.at, latest.get(who, one.at))
            count[who] = count.get(who, 0) + 1
            spent[who] = spent.get(who, 0) + amount
        else:
            spent[who] = spent.get(who, 0) - amount
    n = len(count)
    ranks = [math.ceil(n * i / 5) - 1 for i in (1, 2, 3, 4)]
    values = (
        sorted((NOW - at) / DAY for at in latest.values()),
        sorted(map(float, count.values())),
        sorted(spent[who] / 1e6 for who in count),
    )
    return (n, *([ordered[rank] for rank in ranks] for ordered in values))


def test_while_all_buyers_are_kept_everything_is_exact() -> None:
    events = orders(300)

    found = Buyers().read(fold(Buyers(), events), NOW)

    expected = naive(events)
    assert found[0] == expected[0]
    for got, wanted in zip(found[1:], expected[1:], strict=True):
        assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_does_not_depend_on_order_nor_on_halves(seed: int) -> None:
    buyers = Buyers(most=40)
    events = orders(200, seed)
    other = random.Random(seed).sample(events, len(events))

    whole = buyers.pack(fold(buyers, events))

    assert buyers.pack(fold(buyers, other)) == whole
    halves = (fold(buyers, other[:250]), fold(buyers, other[250:]))
    assert buyers.pack(buyers.merge(*halves)) == whole
    assert buyers.pack(buyers.unpack(whole)) == whole


def test_a_sample_cuts_off_about_a_fifth_of_many() -> None:
    buyers = Buyers(most=500)
    events = orders(20_000)

    count, _, _, monetary = buyers.read(fold(buyers, events), NOW)

    exact = naive(events)
    assert count == pytest.approx(exact[0], rel=4 / math.sqrt(500))
    spent: dict[str, float] = {}
    for one in events:
        sign = 1 if one.commerce.action == "purchased" else -1
        amount = sign * one.commerce.products[0].price_micros / 1e6
        spent[one.user_id] = spent.get(one.user_id, 0) + amount
    for fifth, bound in enumerate(monetary, 1):
        share = sum(value <= bound for value in spent.values()) / len(spent)
        assert share == pytest.approx(fifth / 5, abs=4 * math.sqrt(0.25 / 500))


@pytest.mark.parametrize(
    ("own", "rfm"),
    [
        ({"recency_days": 0.5, "frequency": 9, "monetary": 900.0}, 555),
        ({"recency_days": 1.0, "frequency": 1, "monetary": 10.0}, 511),
        ({"recency_days": 99.0, "frequency": 3, "monetary": 35.0}, 134),
        ({"recency_days": None, "frequency": 0, "monetary": 0.0}, None),
    ],
)
def test_a_customer_is_ranked_among_all(own: dict[str, float | None], rfm: int | None) -> None:
    among = {
        "recency_bounds": [1.0, 2.0, 3.0, 4.0],
        "frequency_bounds": [1.0, 2.0, 3.0, 4.0],
        "monetary_bounds": [10.0, 20.0, 30.0, 40.0],
    }

    assert Rfm().read(own, among)["rfm"] == rfm
    assert Rfm().read(own, {})["rfm"] is None


async def test_every_order_counts_once_for_the_population_too() -> None:
    stores = MemoryStore(), MemoryStore()
    consumer = Features(*zip(stores, (USER_FEATURES, POPULATION_FEATURES), strict=True))
    batch = taken(*orders(50))
    for start in range(0, len(batch), 7):
        await consumer.take(batch[start : start + 7])
    await consumer.take(batch)

    view = POPULATION_FEATURES.by_name["buyers"]
    values = view.read(view.decode(stores[1].rows[CUSTOMERS].states["buyers"]), NOW)

    assert values["buyers"] == naive([one.event for one in batch])[0]
    assert values["monetary_bounds"] == pytest.approx(naive([t.event for t in batch])[3])
