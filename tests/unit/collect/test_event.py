import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attune.collect.call import read_call
from attune.collect.event import CallType, decode, encode
from attune.collect.segment import Arrival, event_of
from attune.errors import Poison

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "events" / "v1").glob("*.event.json"))
ARRIVAL = Arrival("demo-shop", datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC), lambda: "new-id")
ZONELESS = "Expected `datetime` with a timezone component"
TYPES: tuple[CallType, ...] = ("track", "identify", "page", "screen", "group", "alias")


def test_there_is_a_golden_event_of_each_call_type() -> None:
    assert {decode(path.read_bytes()).type for path in GOLDEN} == set(TYPES)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_call_becomes_the_bytes_that_version_1_wrote(path: Path) -> None:
    call = path.with_name(path.name.replace(".event.", ".call."))
    (call_type,) = (known for known in TYPES if path.name.startswith(known))

    event = event_of(read_call(call.read_bytes()), call_type, ARRIVAL)

    assert encode(event) + b"\n" == path.read_bytes()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_bytes_of_version_1_are_still_read_whole(path: Path) -> None:
    assert encode(decode(path.read_bytes())) + b"\n" == path.read_bytes()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("timestamp", "2026-01-31T12:00:00", f"timestamp: {ZONELESS}"),
        ("received_at", "2026-01-31T12:00:00", f"received_at: {ZONELESS}"),
        ("timestamp", "1969-12-31T23:59:59Z", "timestamp: before 1970"),
        ("v", 2, "v: version 2 is not known here"),
        ("user_id", "", "user_id: no user_id and no anonymous_id"),
        ("user_id", "a" * 256, "user_id: Expected `str` of length <= 255"),
        (
            "commerce",
            {"action": "viewed", "products": [{"id": "p", "price_micros": -1}]},
            "commerce.products[0].price_micros: Expected `int` >= 0",
        ),
        (
            "commerce",
            {"action": "viewed", "products": [{"id": "p", "price_micros": 1.5}]},
            "commerce.products[0].price_micros: Expected `int | null`, got `float`",
        ),
        ("properties", ["a"], "properties: Expected `object`"),
        ("properties", None, "properties: Expected `object`"),
        ("context", "web", "context: Expected `object`"),
    ],
)
def test_what_only_another_producer_could_have_written_is_poison(
    field: str, value: object, reason: str
) -> None:
    times = {"timestamp": "2026-01-31T12:00:00Z", "received_at": "2026-01-31T12:00:00Z"}
    event = {"id": "m", "type": "track", "kind": "behavioral", "source": "s", "user_id": "ada"}

    with pytest.raises(Poison) as poison:
        decode(json.dumps({**event, **times, field: value}).encode())

    assert str(poison.value) == reason


def test_an_event_from_the_future_happened_when_it_was_received() -> None:
    times = {"timestamp": "9999-01-01T00:00:00Z", "received_at": "2026-01-31T12:00:00Z"}
    event = {"id": "m", "type": "track", "kind": "behavioral", "source": "s", "user_id": "ada"}

    assert decode(json.dumps({**event, **times}).encode()).timestamp == datetime(
        2026, 1, 31, 12, tzinfo=UTC
    )


@pytest.mark.parametrize("members", [b'{"a": "\xff"}', b'{"a": 01}', b'{"a" 1}', b'{"a": "\\x"}'])
def test_what_nobody_looks_into_is_read_all_the_same(members: bytes) -> None:
    with pytest.raises(Poison):
        decode(_with_properties(members))


def test_properties_are_parsed_when_they_are_asked_for() -> None:
    event = decode(_with_properties(b'{"a": {"b": [1, "\xc3\xa9"]}}'))
    another = decode(_with_properties(b'{"a": 2}'))

    assert event.properties == {"a": {"b": [1, "é"]}}
    assert event.properties is event.properties
    assert another.properties == {"a": 2}
    assert event.properties == {"a": {"b": [1, "é"]}}
    assert event.context == {}


def test_a_number_that_nothing_can_hold_is_told_to_who_asks() -> None:
    event = decode(_with_properties(b'{"a": 1e999}'))

    with pytest.raises(ValueError, match="out of range"):
        _ = event.properties


def _with_properties(members: bytes) -> bytes:
    head = b'{"id":"m1","type":"track","kind":"behavioral","source":"s","user_id":"ada"'
    times = b'"timestamp":"2026-01-31T12:00:00Z","received_at":"2026-01-31T12:00:00Z"'
    return b'%b,%b,"properties":%b}' % (head, times, members)
