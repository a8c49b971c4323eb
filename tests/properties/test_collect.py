import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.collect.event import decode, encode
from attune.collect.fields import MAX_AMOUNT, micros
from attune.collect.segment import Arrival, parse_batch, parse_call
from attune.collect.skew import happened_at
from attune.errors import BadRequest, InvalidEvent

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARRIVAL = Arrival(source="shop", received_at=NOW, new_id=lambda: "drawn")
LIMIT = 32 * 1024
NOUGHT = timedelta(0)

moments = st.timedeltas(NOUGHT, timedelta(days=9000)).map(
    lambda age: datetime(2000, 1, 1, tzinfo=UTC) + age
)
spans = st.timedeltas(NOUGHT, timedelta(days=30))
drifts = st.timedeltas(timedelta(days=-3650), timedelta(days=3650))

plain = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4),
    max_leaves=8,
)
bags = st.dictionaries(plain, values, max_size=5)
ids = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=255
).filter(lambda text: not text.startswith("anon:"))
known = st.sampled_from(
    ["Product Viewed", "Product Added", "Order Completed", "Order Refunded", "Content Shown", "X"]
)
call_types = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "b", None])
wild_calls = st.fixed_dictionaries(
    {},
    optional={
        "type": call_types | values,
        "event": known | values,
        "userId": ids | values,
        "anonymousId": values,
        "messageId": values,
        "properties": bags | values,
        "context": values,
        "timestamp": st.datetimes().map(datetime.isoformat) | values,
        "sentAt": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | values,
    },
)


@given(moments, spans, spans, drifts)
def test_a_senders_wrong_clock_changes_nothing(
    happened: datetime, waited: timedelta, travelled: timedelta, drift: timedelta
) -> None:
    sent = happened + waited

    corrected = happened_at(happened + drift, sent + drift, received_at=sent + travelled)

    assert corrected == happened + travelled


@given(st.none() | moments, st.none() | moments, moments)
def test_nothing_happens_after_it_is_received(
    original: datetime | None, sent_at: datetime | None, received_at: datetime
) -> None:
    try:
        happened = happened_at(original, sent_at, received_at)
    except InvalidEvent:
        return  # before 1970
    assert happened <= received_at


@given(st.integers(0, MAX_AMOUNT * 1_000_000))
def test_a_decimal_text_of_an_amount_is_taken_exactly(amount: int) -> None:
    assert micros(str(Decimal(amount) / 1_000_000), "price") == amount
    assert micros(f"{Decimal(amount) / 1_000_000:f}", "price") == amount


@given(st.integers(0, 10**11))
def test_a_json_number_of_cents_is_taken_exactly(cents: int) -> None:
    assert micros(cents / 100, "price") == cents * 10_000


@given(ids, ids, bags, bags, bags)
def test_what_is_accepted_comes_out_of_the_stream_as_it_went_in(
    user_id: str,
    anonymous_id: str,
    properties: dict[str, Any],
    traits: dict[str, Any],
    context: dict[str, Any],
) -> None:
    call = {
        "event": "X",
        "userId": user_id,
        "anonymousId": anonymous_id,
        "properties": properties,
        "traits": traits,
        "context": context,
    }

    event = parse_call(json.dumps(call).encode(), "track", ARRIVAL)

    assert (event.user_id, event.anonymous_id) == (user_id, anonymous_id)
    assert (event.properties, event.traits, event.context) == (properties, traits, context)
    assert decode(encode(event)) == event


@given(st.binary() | values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_event_or_a_refusal(raw: bytes) -> None:
    with pytest.raises(BadRequest):  # none of them names an event and a user
        parse_call(raw, "track", ARRIVAL)
    with pytest.raises(BadRequest):
        parse_batch(raw, ARRIVAL, LIMIT)


@given(st.lists(wild_calls | values, max_size=5))
def test_each_call_of_a_batch_is_an_event_or_a_refusal(calls: list[object]) -> None:
    found = parse_batch(json.dumps({"batch": calls}).encode(), ARRIVAL, LIMIT)

    assert len(found.events) + len(found.rejected) == len(calls)
    for event in found.events:
        assert decode(encode(event)) == event
    for rejected in found.rejected:
        assert rejected.error.message
        assert rejected.error.remedy
