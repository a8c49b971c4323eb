"""Letters chosen, explained, and packed to be sent again."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from making import NOON, event, shopped
from rich.console import Console

from attune.collect.event import Kind, decode, encode
from attune.dead import DeadLetter, Filed, Resent
from attune.errors import ConfigurationError, Poison
from attune.stream import BEHAVIORAL, CONTEXTUAL, Position
from cli.dead.choice import Choice, groups, moment, named
from cli.dead.fault import ABSENT, field_at_fault
from cli.dead.parcels import as_they_are, mended, of_message
from cli.dead.shown import as_json, show_each, show_groups, show_letter

GOOD = encode(event(id="m1"))


def filed(offset: int, value: bytes = GOOD, **more: object) -> Filed:
    given: dict[str, object] = {
        "topic": BEHAVIORAL,
        "partition": 2,
        "offset": offset,
        "key": b"ada",
        "value": value,
        "reason": "no such act",
        "consumer": "features",
        "at": NOON + timedelta(minutes=offset),
    }
    return Filed(0, offset, DeadLetter(**(given | more)))


async def gone(_: Position) -> bytes | None:
    return None


def test_letters_are_chosen_by_consumer_reason_and_time() -> None:
    letters = [
        filed(1),
        filed(2, consumer="archive"),
        filed(3, reason="commerce: JSON is Malformed"),
    ]

    assert [one.offset for one in Choice(consumer="features").of(letters)] == [1, 3]
    assert [one.offset for one in Choice(reason="malformed").of(letters)] == [3]
    assert [one.offset for one in Choice(since=NOON + timedelta(minutes=2)).of(letters)] == [2, 3]


def test_groups_are_by_consumer_and_reason_the_largest_first() -> None:
    letters = [filed(1, consumer="archive"), filed(2), filed(3)]

    found = groups(letters)

    assert [(one.consumer, len(one.letters)) for one in found] == [("features", 2), ("archive", 1)]
    assert found[0].as_json()["last"] == NOON + timedelta(minutes=3)


def test_an_id_that_is_none_is_told_with_what_shows_the_ids() -> None:
    with pytest.raises(ConfigurationError, match="no dead letter 0:9: `attune dead list --each`"):
        named([filed(1)], ["0:1", "0:9"])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOON - timedelta(seconds=90)),
        ("2h", NOON - timedelta(hours=2)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00+01:00", datetime(2026, 11, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_told_as_people_say_it(text: str, at: datetime) -> None:
    assert moment(text, NOON) == at


def test_the_field_at_fault_is_found_in_the_message() -> None:
    broken = GOOD.replace(b'"type":"track"', b'"type":"tracked"')
    with pytest.raises(Poison) as poison:
        decode(broken)

    letter = filed(1, broken, reason=str(poison.value), field=poison.value.field).letter

    assert field_at_fault(letter) == ("type", "tracked")


@pytest.mark.parametrize(
    ("letter", "fault"),
    [
        (filed(1, b'{"a":{"b":[{"c":7}]}}', reason="a.b[0].c: too small"), ("a.b[0].c", 7)),
        (filed(1, b'{"a":[{"c":7}]}', field="a[...].c", reason="no"), ("a[...].c", [{"c": 7}])),
        (filed(1, b'{"user_id":null}', reason="OverflowError: too large"), None),
        (filed(1, b"\xff", reason="JSON is malformed: invalid character"), None),
        (filed(1, b"{}", field="user_id", reason="user_id: none"), ("user_id", ABSENT)),
    ],
)
def test_a_reason_may_name_a_field_or_none(letter: Filed, fault: tuple[str, object]) -> None:
    assert field_at_fault(letter.letter) == fault


async def test_a_message_is_sent_once_for_all_who_put_it_aside() -> None:
    letters = [filed(2), filed(1), filed(1, consumer="archive")]

    parcels = await as_they_are(letters, gone)

    assert [parcel.consumers for parcel in parcels.ready] == [["archive", "features"], ["features"]]
    assert [len(parcel.letters) for parcel in parcels.ready] == [2, 1]
    assert {parcel.key for parcel in parcels.ready} == {b"ada"}
    assert {parcel.value for parcel in parcels.ready} == {GOOD}


async def test_what_would_be_put_aside_again_is_left_with_its_reason() -> None:
    parcels = await as_they_are([filed(1, b"\xff"), filed(2)], gone)

    assert [parcel.letters[0].offset for parcel in parcels.ready] == [2]
    assert [(one.offset, why) for one, why in parcels.left] == [
        (1, "JSON is malformed: invalid character (byte 0)")
    ]


async def test_a_message_too_large_for_its_letter_is_fetched_from_where_it_lies() -> None:
    async def fetch(position: Position) -> bytes | None:
        assert position == Position(BEHAVIORAL, 2, 1)
        return GOOD

    short = filed(1, GOOD[:10], whole=False)

    assert [parcel.value for parcel in (await as_they_are([short], fetch)).ready] == [GOOD]
    assert "no longer keeps" in (await as_they_are([short], gone)).left[0][1]


def test_a_mended_message_goes_where_the_collector_would_put_it() -> None:
    right = event("bob", type="identify", kind=Kind.CONTEXTUAL)

    parcel = mended([filed(1)], encode(right))

    assert (parcel.topic, parcel.key, parcel.mended) == (CONTEXTUAL, b"bob", True)
    assert decode(parcel.value) == right


def test_a_message_is_mended_for_all_who_put_it_aside() -> None:
    one, sibling, other = filed(1), filed(1, consumer="archive"), filed(2)
    second = replace(sibling, offset=8)
    third = replace(second, offset=9, resent=Resent(0, 9, NOON))

    assert of_message(one, [one, second, third, other]) == [one, second]


def test_a_mended_message_that_is_no_event_is_not_sent() -> None:
    with pytest.raises(ConfigurationError, match=r"no event: .*type.* Nothing was sent"):
        mended([filed(1)], GOOD.replace(b"track", b"tracked"))


def printed(show: object, *args: object) -> str:
    console = Console(file=io.StringIO(), width=160)
    show(console, *args)
    return console.file.getvalue()


def test_a_letter_is_shown_with_its_message_and_its_fault() -> None:
    raw = encode(shopped("viewed", price=9.5))
    letter = filed(7, raw, reason="commerce.action: [no] such act", key=b"\xffkey")
    shown = printed(show_letter, msgspec_replaced(letter))

    for part in (
        "0:7",
        "commerce.action: [no] such act",
        '"viewed"',
        "events.behavioral/2 at 7",
        "\\xffkey",
        '"price_micros": 9500000',
        "2026-11-02 12:30:00, mended",
    ):
        assert part in shown


def msgspec_replaced(letter: Filed) -> Filed:
    return Filed(
        letter.partition,
        letter.offset,
        letter.letter,
        Resent(0, 7, NOON + timedelta(minutes=30), mended=True),
    )


def test_what_is_no_json_is_shown_as_bytes() -> None:
    assert "b'\\xff[bold]'" in printed(show_letter, filed(1, b"\xff[bold]"))
    assert as_json(filed(1, b"\xff"))["raw"] == b"\xff"
    assert msgspec.json.encode(as_json(filed(1)))


def test_tables_tell_of_groups_and_of_each() -> None:
    letters = [filed(1), filed(2, reason="[red]odd[/]")]

    assert "[red]odd[/]" in printed(show_groups, groups(letters))
    each = printed(show_each, letters)
    assert "0:1" in each
    assert "events.behavioral/2 at 2" in each
