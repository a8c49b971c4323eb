"""Invented visitors of the demo shop over the last days: what a first model learns from."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

import api
from cli.formats.rows import Call
from cli.sending import Sender, Tally

CATALOGUE = Path(api.__file__).parent / "static" / "shop" / "catalogue.json"
DAYS = 7
_STRAY = 0.2  # chance that a product outside the favourite category is looked at


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind of visitor behaves; each number is a chance or a mean."""

    share: float
    views: float
    cart: float
    """Chance that a product viewed goes into the cart."""
    buy: float
    """Chance that a visit with a cart ends with an order."""
    visits: float


# Invented, so that the kinds overlap: a model can tell them apart in part, as in life.
_MANNERS = (
    Manner(share=0.60, views=3, cart=0.02, buy=0.15, visits=1.2),
    Manner(share=0.30, views=8, cart=0.06, buy=0.25, visits=2.5),
    Manner(share=0.10, views=6, cart=0.20, buy=0.65, visits=4.0),
)


def simulated(seed: int, visitors: int, until: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Return (visitor, Segment call) pairs in order of time, none later than `until`."""
    chance = random.Random(seed)  # noqa: S311 - a simulation, repeatable by its seed
    products = json.loads(CATALOGUE.read_text())["products"]
    calls = [
        call
        for number in range(visitors)
        for call in _visitor(chance, f"sim-{seed}-{number}", products, until)
    ]
    calls += _ada(products, until)
    return sorted(calls, key=lambda pair: pair[1]["timestamp"])


def _ada(
    products: Sequence[dict[str, Any]], until: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the visits of Ada, whom GraphiQL's first query asks for: a good customer."""
    name = "ada"
    start = until - timedelta(days=2)
    yield (
        name,
        {
            "type": "identify",
            "userId": name,
            "anonymousId": "ada-at-home",
            "messageId": "ada-identify",
            "timestamp": start.isoformat(timespec="milliseconds"),
            "traits": {"name": "Ada", "plan": "plus"},
        },
    )
    for step, product in enumerate(products[::4]):
        line = {**_line(product), "quantity": 1}
        order = {
            "order_id": f"ada-{step}",
            "revenue": line["price"],
            "currency": "EUR",
            "products": [line],
        }
        for after, event, properties in (
            (0, "Product Viewed", _line(product)),
            (40, "Product Added", line),
            (90, "Order Completed", order),
        ):
            at = start + timedelta(hours=8 * step, seconds=after)
            yield name, _call(name, at, f"ada-{step}-{after}", event, properties)


def _visitor(
    chance: random.Random, name: str, products: Sequence[dict[str, Any]], until: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    manner = chance.choices(_MANNERS, [m.share for m in _MANNERS])[0]
    favourite = chance.choice(products)["category"]
    known = chance.random() < 0.3 + manner.buy / 2
    for visit in range(1 + round(chance.expovariate(1 / manner.visits))):
        start = until - timedelta(seconds=chance.uniform(0, DAYS * 86_400))
        steps = _visit(chance, manner, favourite, products)
        for step, (seconds, event, properties) in enumerate(steps):
            at = start + timedelta(seconds=seconds)
            if at > until:
                break
            call = _call(name, at, f"{name}-{visit}-{step}", event, properties)
            if not known:
                call["anonymousId"] = call.pop("userId")
            yield name, call


def _call(
    user: str, at: datetime, message: str, event: str, properties: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "track",
        "event": event,
        "userId": user,
        "messageId": message,
        "timestamp": at.isoformat(timespec="milliseconds"),
        "properties": properties,
    }


def _visit(
    chance: random.Random,
    manner: Manner,
    favourite: str,
    products: Sequence[dict[str, Any]],
) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Yield (seconds since the start, event, properties)."""
    clock = 0.0
    cart: list[dict[str, Any]] = []
    for _ in range(1 + round(chance.expovariate(1 / manner.views))):
        liked = [p for p in products if p["category"] == favourite or chance.random() < _STRAY]
        seen = _line(chance.choice(liked))
        yield clock, "Product Viewed", seen
        clock += chance.uniform(8, 90)
        if chance.random() < manner.cart:
            cart.append({**seen, "quantity": 1})
            yield clock, "Product Added", cart[-1]
            clock += chance.uniform(5, 40)
    if cart and chance.random() < manner.buy:
        revenue = round(sum(line["price"] for line in cart), 2)
        order = {
            "order_id": f"o-{chance.getrandbits(48):012x}",
            "revenue": revenue,
            "currency": "EUR",
            "products": cart,
        }
        yield clock + 60, "Order Completed", order


def _line(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "product_id": product["id"],
        "name": product["name"],
        "category": product["category"],
        "brand": product["brand"],
        "price": product["price"],
        "currency": "EUR",
    }


async def simulate(client: httpx.AsyncClient, seed: int, visitors: int, until: datetime) -> Tally:
    """Send simulated visitors to the collector that `client` points at.

    Raises:
        SendingFailed: the collector refused a request or stayed away.
    """
    calls = simulated(seed, visitors, until)
    tally = Tally()
    sender = Sender(client, tally, asyncio.sleep)

    async def feed() -> None:
        for line, (visitor, call) in enumerate(calls, start=1):
            tally.rows += 1
            await sender.put(Call(line, visitor, orjson.dumps(call)))

    await sender.run(feed)
    return tally
