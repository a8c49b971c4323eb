"""What is known of a message that was put aside, from the records of the topic alone."""

from datetime import timedelta

import msgspec
from making import NOON

from attune.dead import (
    DeadLetter,
    Files,
    Resent,
    decode_record,
    encode_record,
    places,
    shortened,
)
from attune.stream import BEHAVIORAL, TRANSACTIONAL, Position

LETTER = DeadLetter(
    BEHAVIORAL, 3, 7, b"ada", b"\xff", "JSON is malformed", "features", NOON, field="v"
)


def told(letter: DeadLetter = LETTER, **changes: object) -> DeadLetter:
    return msgspec.structs.replace(letter, **changes)


def test_both_kinds_of_records_come_back_as_they_were_written() -> None:
    for record in (LETTER, told(key=None, whole=False), Resent(1, 5, NOON, mended=True)):
        assert decode_record(encode_record(record)) == record


def test_letters_of_before_there_were_fields_and_marks_are_read() -> None:
    old = (
        b'{"topic":"events.behavioral","partition":3,"offset":7,"key":"YWRh","value":"/w==",'
        b'"reason":"JSON is malformed","consumer":"features","at":"2026-11-02T12:00:00Z"}'
    )

    assert decode_record(old) == told(field="")


def test_a_letter_is_marked_by_where_it_lies() -> None:
    files = Files()
    files.add(0, 0, LETTER)
    files.add(0, 1, told(offset=8))
    files.add(0, 2, Resent(0, 0, NOON))

    assert [(one.id, one.resent is not None) for one in files.letters()] == [
        ("0:0", True),
        ("0:1", False),
    ]


def test_a_batch_that_was_taken_twice_makes_one_letter_of_a_message() -> None:
    later = NOON + timedelta(seconds=9)
    files = Files()
    files.add(1, 0, told(at=later, reason="in other words"))
    files.add(0, 4, LETTER)
    files.add(0, 5, told(consumer="archive"))
    files.add(1, 1, Resent(1, 0, later))  # a mark on either is a mark on both

    assert [(one.id, one.letter.consumer, one.resent is not None) for one in files.letters()] == [
        ("0:4", "features", True),
        ("0:5", "archive", False),
    ]


def test_the_same_place_in_a_log_that_began_anew_is_another_message() -> None:
    files = Files()
    files.add(0, 0, LETTER)
    files.add(0, 1, told(value=b"{"))

    assert len(files.letters()) == 2


def test_a_mark_on_a_letter_that_kafka_has_let_go_is_nothing() -> None:
    files = Files()
    files.add(0, 9, Resent(0, 3, NOON))

    assert files.letters() == []


def test_a_shortened_letter_says_that_it_is_not_whole() -> None:
    short = shortened(told(value=b"x" * 5000))

    assert (short.whole, len(short.value)) == (False, 1000)
    assert "of 5,000 bytes only the first 1,000" in short.reason


def test_places_are_told_by_partition() -> None:
    positions = [
        Position(BEHAVIORAL, 0, 17),
        Position(TRANSACTIONAL, 1, 2),
        Position(BEHAVIORAL, 0, 18),
    ]

    assert places(positions) == "events.behavioral/0 at 17, 18; events.transactional/1 at 2"
