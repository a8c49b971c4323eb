import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attune.collect.event import CallType, Event, Kind
from attune.collect.segment import Arrival, ParsedBatch, parse_batch, parse_call
from attune.errors import BadRequest, InvalidEvent, TooLarge

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARRIVAL = Arrival(source="shop", received_at=NOW, new_id=lambda: "drawn")


def parsed(call_type: CallType = "track", /, **fields: object) -> Event:
    given = {"event": "Clicked", "userId": "ada"} | fields
    return parse_call(json.dumps(given).encode(), call_type, ARRIVAL)


def batch(*calls: object, **common: object) -> ParsedBatch:
    body = json.dumps({"batch": calls, **common}).encode()
    return parse_batch(body, ARRIVAL, max_event_bytes=32 * 1024)


def refusal(call_type: CallType = "track", /, **fields: object) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        parsed(call_type, **fields)
    assert caught.value.remedy
    return caught.value


# --- who -----------------------------------------------------------------------------------------


def test_an_event_needs_someone_it_belongs_to() -> None:
    assert refusal(userId=None).field == "userId"
    assert refusal(userId="", anonymousId="").field == "userId"


def test_an_anonymous_visitor_is_enough_and_an_empty_id_is_none() -> None:
    event = parsed(userId="", anonymousId="a-1")

    assert (event.user_id, event.anonymous_id, event.profile) == (None, "a-1", "anon:a-1")


def test_a_numeric_id_becomes_its_decimal_text() -> None:
    assert parsed(userId=541312140).user_id == "541312140"
    assert refusal(userId=1e21).field == "userId"


@pytest.mark.parametrize("field", ["userId", "anonymousId"])
def test_an_id_has_at_most_255_characters_and_no_nul(field: str) -> None:
    assert parsed(**{field: "x" * 255})
    assert refusal(**{field: "x" * 256}).field == field
    assert refusal(**{field: "a\0b"}).field == field


def test_a_user_id_cannot_be_taken_for_an_anonymous_profile() -> None:
    assert refusal(userId="anon:a-1").value == "anon:a-1"
    assert refusal("alias", previousId="anon:a-1").field == "previousId"


def test_a_message_without_an_id_is_given_one() -> None:
    assert parsed().id == "drawn"
    assert parsed(messageId="m-1").id == "m-1"
    assert refusal(messageId="m" * 101).field == "messageId"


# --- what ----------------------------------------------------------------------------------------


def test_a_track_call_needs_an_event_name() -> None:
    assert refusal(event=None).field == "event"


def test_a_group_call_needs_a_group_and_an_alias_call_both_ids() -> None:
    assert refusal("group").field == "groupId"
    assert refusal("alias").field == "previousId"
    assert refusal("alias", userId=None, anonymousId="a", previousId="b").field == "userId"


def test_an_alias_without_previous_id_means_the_browsers_anonymous_visitor() -> None:
    assert parsed("alias", anonymousId="a-1").previous_id == "a-1"


@pytest.mark.parametrize(
    ("call_type", "kind"),
    [
        ("track", Kind.BEHAVIORAL),
        ("page", Kind.BEHAVIORAL),
        ("screen", Kind.BEHAVIORAL),
        ("identify", Kind.CONTEXTUAL),
        ("group", Kind.CONTEXTUAL),
        ("alias", Kind.CONTEXTUAL),
    ],
)
def test_the_call_type_says_what_kind_of_event_it_is(call_type: CallType, kind: Kind) -> None:
    assert parsed(call_type, groupId="g", previousId="p").kind is kind


def test_a_pages_category_is_found_where_a_track_calls_category_is() -> None:
    assert parsed("page", category="Landing").properties == {"category": "Landing"}
    assert parsed("page", category="A", properties={"category": "B"}).properties["category"] == "B"


def test_a_body_of_another_type_than_its_path_is_refused() -> None:
    assert parsed("track", type="track")
    assert refusal("track", type="page").field == "type"


def test_an_event_has_at_most_300_properties() -> None:
    assert parsed(properties={str(n): n for n in range(300)})
    assert refusal(properties={str(n): n for n in range(301)}).field == "properties"
    assert refusal("identify", traits={str(n): n for n in range(301)}).field == "traits"


@pytest.mark.parametrize("field", ["properties", "traits", "context"])
def test_nesting_is_bounded(field: str) -> None:
    assert parsed(**{field: nested(32)})
    assert refusal(**{field: nested(33)}).field == field
    assert "nested" in refusal(**{field: nested(900)}).message


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"leaf": 1}
    for _ in range(depth - 1):
        inner = {"in": inner}
    return inner


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        (b"", "", ""),
        (b"{", "", "{"),
        (b"[]", "", ""),
        (b'{"userId":"a","event":"x","properties":{"n":NaN}}', "", "userId"),
        (b'{"userId":"a","event":"x","properties":{"n":Infinity}}', "", "userId"),
        (b'{"userId":"a","event":"x","properties":{"n":1e999}}', "properties[...]", ""),
        (b'{"userId":"\xff"}', "", "userId"),
        (b'{"userId":"a","event":7}', "event", "7"),
        (b'{"userId":true}', "userId", "true"),
        (b'{"userId":"a","event":"x","properties":[1]}', "properties", "[1]"),
        (b'{"userId":"a","event":"x","timestamp":"yesterday"}', "timestamp", '"yesterday"'),
        (b"[" * 5000, "", ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_field_and_value(
    raw: bytes, field: str, value: str
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_call(raw, "track", ARRIVAL)

    assert caught.value.field == field
    assert value in caught.value.value
    assert caught.value.remedy


# --- when ----------------------------------------------------------------------------------------


def test_the_senders_clock_is_corrected() -> None:
    event = parsed(originalTimestamp="2001-01-01T00:00:00Z", sentAt="2001-01-01T00:00:07Z")

    assert event.timestamp == NOW - timedelta(seconds=7)


def test_the_timestamp_of_a_server_is_read_off_the_same_clock_as_sent_at() -> None:
    event = parsed(timestamp="2001-01-01T00:00:00+00:00", sentAt="2001-01-01T01:00:07+01:00")

    assert event.timestamp == NOW - timedelta(seconds=7)


def test_history_keeps_its_time() -> None:
    assert parsed(timestamp="2019-10-01T02:00:00+02:00").timestamp == datetime(
        2019, 10, 1, tzinfo=UTC
    )


def test_a_time_without_a_zone_is_utc() -> None:
    assert parsed(timestamp="2019-10-01T00:00:00").timestamp == datetime(2019, 10, 1, tzinfo=UTC)


def test_nothing_happens_after_it_is_received() -> None:
    assert parsed(timestamp="2030-01-01T00:00:00Z").timestamp == NOW
    assert parsed().timestamp == NOW


def test_a_time_before_1970_or_beyond_the_calendar_is_refused() -> None:
    assert refusal(timestamp="1969-12-31T23:59:59Z").field == "timestamp"
    assert refusal(timestamp="0001-01-01T00:00:00+10:00").field == "timestamp"
    assert refusal(
        timestamp="0001-01-01T00:00:00Z", sentAt="9999-12-31T23:59:59-10:00"
    ).value.startswith("0001")


# --- batches -------------------------------------------------------------------------------------


def test_one_bad_call_costs_the_others_nothing() -> None:
    found = batch(
        {"type": "track", "event": "A", "userId": "u"},
        {"type": "track", "event": "B", "messageId": "m-2"},
        7,
        {"type": "trakc", "userId": "u"},
        {"type": "page", "userId": "u", "context": nested(40)},
        {"type": "page", "userId": "u"},
    )

    assert [event.type for event in found.events] == ["track", "page"]
    assert [rejected.index for rejected in found.rejected] == [1, 2, 3, 4]
    assert found.rejected[0].message_id == "m-2"
    assert found.rejected[2].error.field == "type"


def test_a_call_of_a_batch_is_as_small_as_a_single_one() -> None:
    found = batch({"type": "page", "userId": "u", "name": "x" * 40_000, "messageId": "big"})

    assert isinstance(found.rejected[0].error, TooLarge)
    assert found.rejected[0].message_id == "big"


def test_the_batchs_time_of_sending_counts_where_a_call_has_none() -> None:
    call = {"type": "page", "userId": "u", "timestamp": "2001-01-01T00:00:00Z"}
    own = call | {"sentAt": "2001-01-01T00:00:01Z"}

    found = batch(call, own, sentAt="2001-01-01T00:00:09Z")

    ages = [NOW - event.timestamp for event in found.events]
    assert ages == [timedelta(seconds=9), timedelta(seconds=1)]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"batch":{}}', b'{"batch":[}', b'{"batch":'])
def test_what_is_no_batch_fails_as_a_whole(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_batch(raw, ARRIVAL, max_event_bytes=32 * 1024)


def test_a_batch_has_at_most_2500_calls() -> None:
    assert len(batch(*[1] * 2500).rejected) == 2500
    with pytest.raises(BadRequest, match="2,501"):
        batch(*[1] * 2501)


# --- the visit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"context": {"sessionId": 1718}},
        {"context": {"session_id": "1718"}},
        {"properties": {"session_id": "1718"}},
        {"context": {"sessionId": "1718"}, "properties": {"session_id": "other"}},
    ],
)
def test_the_visit_has_the_id_that_the_sender_gave_it(fields: dict[str, Any]) -> None:
    assert parsed(**fields).session_id == "1718"


def test_a_visit_without_an_id_has_none_and_a_wrong_one_is_told() -> None:
    assert parsed().session_id is None
    assert refusal(context={"sessionId": ["a"]}).field == "context.sessionId"
