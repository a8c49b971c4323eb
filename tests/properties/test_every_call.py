"""Whatever the collector accepts can be folded, and answered about."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import orjson
from answering import reception
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape

from api.profiles import Profile as ShownProfile
from attune.adapters.memory import MemoryStore
from attune.collect.event import Event, decode, encode, millis
from attune.collect.segment import Arrival, parse_call
from attune.errors import BadRequest
from attune.ids import anonymous_profile
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

NUMBERS = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, width=32)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)
TRAITS = st.dictionaries(st.text(max_size=5), JSON, max_size=4)
AMOUNTS = st.none() | NUMBERS | st.sampled_from((10**12, "1e12", "0.0000001", 1e-300))
TIMES = st.none() | st.sampled_from(
    ("1970-01-01T00:00:00Z", "1970-01-01", "9999-12-31T23:59:59+14:00", "2026-11-02T11:59:00-03:00")
)
PRODUCT = st.fixed_dictionaries(
    {"product_id": st.just("p")},
    optional={
        "category": st.text(max_size=255),
        "price": AMOUNTS,
        "quantity": st.none() | st.integers(1, 10**6),
    },
)
PROPERTIES = st.builds(
    lambda product, **more: {**product, **more},
    PRODUCT,
    products=st.none() | st.lists(PRODUCT, max_size=4),
    revenue=AMOUNTS,
)
NAMES = st.sampled_from(("Product Viewed", "Product Added", "Order Completed", "Order Refunded"))
CALLS = st.builds(
    lambda call, user, at: {**call, **user, "timestamp": at},
    st.fixed_dictionaries({"type": st.just("track"), "event": NAMES, "properties": PROPERTIES})
    | st.fixed_dictionaries({"type": st.sampled_from(("identify", "page")), "traits": TRAITS})
    | st.just({"type": "alias", "previousId": "b"}),
    st.sampled_from(({"userId": "a"}, {"userId": "b", "anonymousId": "x"}, {"anonymousId": "x"})),
    TIMES,
)


def event_of(number: int, call: dict[str, Any]) -> Event | None:
    """The event as Kafka carries it, None for a call that is refused."""
    arrival = Arrival("test", NOON + timedelta(seconds=number), lambda: f"m{number}")
    try:
        parsed = parse_call(json.dumps(call).encode(), call["type"], arrival)
    except BadRequest:
        return None
    return decode(encode(parsed))


@settings(deadline=None)
@given(calls=st.lists(CALLS, max_size=12))
def test_every_call_that_is_accepted_is_folded_and_answered(calls: list[dict[str, Any]]) -> None:
    events = [event for n, call in enumerate(calls) if (event := event_of(n, call))]
    asyncio.run(_folded_and_answered(events))


async def _folded_and_answered(events: list[Event]) -> None:
    store = MemoryStore()
    consumer = Features((store, USER_FEATURES))
    for taken in Tape()(*events):
        await consumer.take([taken])
    for profile in {event.profile for event in events} | {anonymous_profile("x")}:
        visitor = await reception(store).visitor(profile, millis(NOON))
        orjson.dumps([dict(visitor.flat), ShownProfile.of(visitor).traits])
        assert visitor.degraded == []
