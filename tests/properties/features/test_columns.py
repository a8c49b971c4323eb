"""What is packed into columns, and names that are shortened, come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter

from attune.features.columns import unpacked, write_column
from attune.features.feature import NOT_A_STATE
from attune.features.money import CENT
from attune.features.spelled import name_at, pieces_of, spelled, whole

AMOUNTS = st.sampled_from([st.integers(0, most) for most in (0, 1, 3, 15, 255, 2**16, 2**64 - 1)])
AMOUNTS |= st.just(st.integers(-(2**63), 2**63))
AMOUNTS |= st.just(st.integers(-(10**9), 10**9).map(CENT.__mul__))
COLUMNS = AMOUNTS.flatmap(lambda each: st.lists(st.just(0) | each, min_size=1))


def packed(numbers: list[int]) -> bytes:
    out = BytesWriter()
    write_column(out, numbers, 0, 1)
    return out.getvalue()


@given(numbers=COLUMNS, before=st.binary(max_size=3), after=st.binary(max_size=3))
def test_a_column_comes_back_from_between_other_bytes(
    numbers: list[int], before: bytes, after: bytes
) -> None:
    column = packed(numbers)

    found, end = unpacked(before + column + after, len(before), len(numbers))

    assert list(found) == numbers
    assert end == len(before + column)


@given(numbers=COLUMNS, kept=st.floats(0, 1, exclude_max=True))
def test_a_column_that_is_cut_off_is_refused(numbers: list[int], kept: float) -> None:
    column = packed(numbers)

    with pytest.raises(NOT_A_STATE):
        unpacked(column[: int(kept * len(column))], 0, len(numbers))


@given(raw=st.binary(), count=st.integers(0, 100))
def test_other_bytes_are_refused_or_read_as_so_many_numbers(raw: bytes, count: int) -> None:
    try:
        found, end = unpacked(raw, 0, count)
    except NOT_A_STATE:
        return
    assert len(found) == count
    assert end <= len(raw)


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ([0] * 40, 1),
        ([1, 0] * 20, 1 + 40 // 8),
        ([3, 0] * 20, 1 + 40 // 4),
        ([15, 1] * 20, 1 + 40 // 2),
        ([200, 1] * 20, 1 + 40),
        ([200, *[0] * 39], 1 + 40 // 8 + 1),
        ([499 * CENT, *[0] * 39], 1 + 40 // 8 + 2),
        ([70_000 * CENT, *[0] * 39], 1 + 40 // 8 + 2 + 1 + 5),
    ],
)
def test_a_column_takes_as_many_bits_as_its_largest_number(numbers: list[int], size: int) -> None:
    assert len(packed(numbers)) == size


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**64 // CENT * CENT + CENT])
def test_what_64_bits_do_not_hold_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        packed([0, number])


@given(names=st.sets(st.text(alphabet="ab.é\0\x1f ÿ", max_size=40), min_size=1))
def test_names_come_back_all_of_them_or_one(names: set[str]) -> None:
    ordered = sorted(names)

    stored = spelled(ordered)

    assert whole(stored) == ordered
    assert [name_at(pieces_of(stored), place) for place in range(len(ordered))] == ordered


def test_a_name_leaves_out_what_the_one_before_it_begins_with() -> None:
    names = ["electronics.audio.headphone", "electronics.audio.subwoofer", "kids.toys"]

    assert spelled(names) == b"electronics.audio.headphone\xff\x12subwoofer\xffkids.toys"


@pytest.mark.parametrize(
    "stored", [b"", b"a\xff", b"b\xffa", b"a\xffa", b"\x05a", b"a\xff\x02b", b"\xc3"]
)
def test_what_are_no_names_in_order_is_refused(stored: bytes) -> None:
    with pytest.raises(NOT_A_STATE):
        whole(stored)
