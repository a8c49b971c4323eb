"""A ledger's bytes, against the layout that `struct` knows, and its message ids, against lists."""

import struct
from bisect import bisect_left, insort
from collections.abc import Sequence

import mmh3
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter
from librt.vecs import vec
from mypy_extensions import i64

from attune.ids import ProfileId
from attune.profiles import recent
from attune.profiles.kept import FORMAT
from attune.profiles.ledger import Ledger, glance
from attune.profiles.mark import Mark
from attune.stream import TOPICS

ADA, BOB = ProfileId("ada"), ProfileId("bob")
DAY = 24 * 60
REFUSED = (ValueError, IndexError, msgspec.DecodeError)

# The compiler takes -113 for a sign of failure, and looks twice.
whole = st.sampled_from((-(1 << 63), -113, -1, 0, (1 << 62), (1 << 63) - 1)) | st.integers(
    -(1 << 63), (1 << 63) - 1
)
offsets = st.sampled_from((0, 1, (1 << 62), (1 << 63) - 1)) | st.integers(0, (1 << 63) - 1)
u32 = st.sampled_from((0, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)) | st.integers(0, (1 << 32) - 1)
u64 = st.integers(0, (1 << 64) - 1)
logs = st.tuples(st.integers(0, len(TOPICS) - 1), st.sampled_from((0, 1, 0x7FFF, 0x8000, 0xFFFF)))
marks = st.dictionaries(logs, st.tuples(offsets, u32), max_size=4)


def in_order(log: tuple[int, int]) -> tuple[str, int]:
    number, partition = log
    return TOPICS[number], partition


def stored(
    head: tuple[int, int, int],
    tags: Sequence[int],
    own: dict[tuple[int, int], tuple[int, int]],
    foreign: bytes,
    ids: Sequence[int],
) -> bytes:
    """Return a ledger's bytes, by the layout that is theirs since format 2."""
    packed = struct.pack(
        f"<qqIBBBH{len(tags)}H", *head, len(tags), len(own), bool(foreign), len(ids), *tags
    )
    for log in sorted(own, key=in_order):
        packed += struct.pack("<BHQI", *log, *own[log])
    return packed + foreign + struct.pack(f"<{len(ids)}Q", *ids)


ledgers = st.tuples(
    st.tuples(whole, whole, u32),
    st.lists(st.integers(0, (1 << 16) - 1), max_size=7),
    marks,
    st.booleans(),
    st.lists(u64, max_size=9),
)
Drawn = tuple[
    tuple[int, int, int], list[int], dict[tuple[int, int], tuple[int, int]], bool, list[int]
]


def foreign_of(bobs: bool) -> bytes:  # noqa: FBT001 - drawn
    if not bobs:
        return b""
    packed = msgspec.msgpack.encode([(BOB, TOPICS[0], 3, 70, 5, ((1, 4),))])
    return struct.pack("<H", len(packed)) + packed


@given(ledgers)
def test_stored_bytes_are_read_and_written_as_their_layout_says(drawn: Drawn) -> None:
    head, tags, own, bobs, ids = drawn
    raw = stored(head, tags, own, foreign_of(bobs), ids)

    ledger = Ledger.decode(ADA, raw)

    assert (ledger.first_seen, ledger.last_seen, ledger.newest) == head
    assert ledger.views == struct.pack(f"<{len(tags)}H", *tags)
    expected = {(ADA, *in_order(log)): Mark(*mark) for log, mark in own.items()}
    if bobs:
        expected[BOB, TOPICS[0], 3] = Mark(70, 5)
        assert ledger.others((BOB, TOPICS[0], 3)) == ((1, 4),)
    assert ledger.marks == expected
    assert [(number ^ recent.SIGN) & (1 << 64) - 1 for number in ledger.recent] == ids
    assert ledger.encode(FORMAT) == FORMAT + raw
    assert glance(raw) == (*head[:2], ledger.views)


@given(ledgers, st.data())
def test_a_ledger_that_lacks_or_has_a_byte_too_many_is_refused(
    drawn: Drawn, data: st.DataObject
) -> None:
    head, tags, own, bobs, ids = drawn
    raw = stored(head, tags, own, foreign_of(bobs), ids)
    cut = data.draw(st.integers(0, len(raw) - 1))

    for damaged in (raw[:cut], raw + b"\0"):
        with pytest.raises(REFUSED):
            Ledger.decode(ADA, damaged)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_ledger_or_refused(raw: bytes) -> None:
    try:
        ledger = Ledger.decode(ADA, raw)
    except REFUSED:
        return
    assert Ledger.decode(ADA, ledger.encode(FORMAT)[1:]).marks == ledger.marks


@pytest.mark.parametrize("own", [{(0, 1): (1 << 63, 5)}, {(0, 1): ((1 << 64) - 1, 5)}])
def test_a_mark_beyond_all_offsets_is_refused(own: dict[tuple[int, int], tuple[int, int]]) -> None:
    raw = stored((1, 2, 3), [], own, b"", [])

    with pytest.raises(ValueError, match="is not an offset"):
        Ledger.decode(ADA, raw)


@pytest.mark.parametrize("mark", [(1 << 63, 5), (1, 1 << 63), (-2, 1)])
def test_a_mark_of_others_beyond_all_offsets_is_refused(mark: tuple[int, int]) -> None:
    packed = msgspec.msgpack.encode([(BOB, TOPICS[0], 3, *mark, ())])
    raw = stored((1, 2, 3), [], {}, struct.pack("<H", len(packed)) + packed, [])

    with pytest.raises(msgspec.ValidationError):
        Ledger.decode(ADA, raw)


@pytest.mark.parametrize("received", [-1, 1 << 32])
def test_a_second_that_has_no_place_in_the_bytes_is_said(received: int) -> None:
    ledger = Ledger(ADA)
    ledger.set_mark((ADA, TOPICS[0], 0), Mark(1, received))

    with pytest.raises(ValueError, match=f"{received} is not a number from 0 to 4294967295"):
        ledger.encode(FORMAT)


def test_more_places_than_a_byte_counts_are_said() -> None:
    ledger = Ledger(ADA)
    for partition in range(256):
        ledger.set_mark((ADA, TOPICS[0], partition), Mark(1, 1))

    with pytest.raises(ValueError, match="256 is not a number from 0 to 255"):
        ledger.encode(FORMAT)


names = st.text(max_size=12)
minutes = st.integers(0, 6 * DAY)
came = st.lists(st.tuples(names, minutes, offsets), max_size=30, unique_by=lambda one: one[0])


def number(name: str, minute: int, offset: int) -> int:
    """Return the number of a message id as it is stored."""
    hashed: int = mmh3.hash64(name, 0, True, False)[0]
    return (hashed & (1 << 40) - 1) << 24 | (minute & 4095) << 12 | offset & 4095


def numbers(messages: Sequence[tuple[str, int, int]]) -> vec[i64]:
    ids = vec[i64]()
    for name, minute, offset in messages:
        first = recent.first_of(name)
        place = recent.place_of(ids, first)
        ids = recent.inserted(ids, place, recent.number_of(first, minute, offset))
    return ids


def packed(ids: vec[i64]) -> bytes:
    out = BytesWriter()
    recent.pack_into(ids, out)
    return out.getvalue()


def as_stored(ids: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(ids)}Q", *ids)


@given(came, names)
def test_message_ids_lie_in_the_order_of_their_numbers(
    messages: list[tuple[str, int, int]], name: str
) -> None:
    model: list[int] = []
    for message in messages:
        insort(model, number(*message))
    ids = numbers(messages)

    assert packed(ids) == as_stored(model)
    assert recent.unpacked(b"before" + as_stored(model), 6) == ids
    assert recent.place_of(ids, recent.first_of(name)) == bisect_left(model, number(name, 0, 0))


@given(came, came, minutes, st.integers(0, 12))
def test_message_ids_are_kept_and_joined_as_lists_would_be(
    ours: list[tuple[str, int, int]],
    theirs: list[tuple[str, int, int]],
    bound: int,
    count: int,
) -> None:
    newest = max((minute for _, minute, _ in (*ours, *theirs)), default=0)
    ours = [one for one in ours if one[1] > newest - 4096]  # as 12 bits tell them apart
    ids, others = numbers(ours), numbers(theirs)

    late = sorted(number(*one) for one in ours if one[1] >= bound)
    assert packed(recent.since(ids, bound, newest)) == as_stored(late)

    latest = sorted(ours, key=lambda one: (one[1], one[2] & 4095, number(*one)))
    gone = latest[: max(0, len(ours) - count)]
    kept = sorted(number(*one) for one in ours if one not in gone)
    assert packed(recent.newest_of(ids, count, newest)) == as_stored(kept)

    both = {number(*one) >> 24: number(*one) for one in (*ours, *theirs)}
    assert packed(recent.joined(ids, others)) == as_stored(sorted(both.values()))
