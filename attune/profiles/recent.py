"""Message ids that were taken in of late: in order, each one number.

A number has 40 bits of the id's hash (two of 256 ids share one once in 30 million profiles), 12 of
the minute of its arrival, 12 of the offset it lay at. Minutes are told apart by 12 bits, because
none is kept that is a day before the newest. Stored, they are 64 bits without a sign; here all are
less by 2**63, so that they have the same order as numbers with one.
"""

from heapq import nsmallest
from typing import Final

import mmh3
from librt.strings import BytesWriter, read_i64_le, write_i64_le
from librt.vecs import append, vec
from mypy_extensions import i64

HASH_SHIFT: Final = 24
MINUTE_SHIFT: Final = 12
LOW: Final = (1 << 12) - 1
LOWS: Final = (1 << 24) - 1
_HASH_OF: Final = mmh3.hash_bytes  # found once, not in its module each time
_HASH_MASK: Final = (1 << 40) - 1
_HASH_MIDDLE: Final = 1 << 39
SIGN: Final = -0x7FFF_FFFF_FFFF_FFFF - 1
"""The bit that says whether a number is negative."""


def first_of(message_id: str) -> i64:
    """Return the least number that a message id can have."""
    raw: bytes = _HASH_OF(message_id)
    hashed: i64 = read_i64_le(raw, 0) & _HASH_MASK
    return hashed - _HASH_MIDDLE << HASH_SHIFT


def number_of(first: i64, minute: i64, offset: i64) -> i64:
    """Return the number of a message id by its least one, when it came, and where it lay."""
    return first | (minute & LOW) << MINUTE_SHIFT | offset & LOW


def minute_of(number: i64, newest: i64) -> i64:
    """Return when a message id came: the latest minute up to the newest that ends so."""
    return newest - (newest - (number >> MINUTE_SHIFT) & LOW)


def place_of(ids: vec[i64], first: i64) -> i64:
    """Return where in order a number comes."""
    low: i64 = 0
    high: i64 = len(ids)
    while low < high:
        middle = low + high >> 1
        if ids[middle] < first:
            low = middle + 1
        else:
            high = middle
    return low


def inserted(ids: vec[i64], place: i64, number: i64) -> vec[i64]:
    """Return the numbers with one more at a place; the given ones are spent."""
    ids = append(ids, number)
    last: i64 = len(ids) - 1
    while last > place:
        ids[last] = ids[last - 1]
        last -= 1
    ids[place] = number
    return ids


def since(ids: vec[i64], bound: i64, newest: i64) -> vec[i64]:
    """Return those that did not come before a minute, given the newest of all."""
    found = vec[i64]()
    for number in ids:
        if minute_of(number, newest) >= bound:
            found = append(found, number)
    return found


def newest_of(ids: vec[i64], count: int, newest: int) -> vec[i64]:
    """Return the latest `count` of them, or all if they are fewer, given the newest minute."""

    def came(number: int) -> int:
        return minute_of(number, newest) << MINUTE_SHIFT | number & LOW

    gone = set(nsmallest(len(ids) - count, ids, key=came))
    return vec[i64]([number for number in ids if number not in gone])


def joined(ours: vec[i64], theirs: vec[i64]) -> vec[i64]:
    """Return the numbers of both, one for each hash: theirs, where both have it."""
    known = {number >> HASH_SHIFT: number for numbers in (ours, theirs) for number in numbers}
    return vec[i64](sorted(known.values()))


def pack_into(ids: vec[i64], out: BytesWriter) -> None:
    """Write them as they are stored."""
    for number in ids:
        write_i64_le(out, number ^ SIGN)


def unpacked(raw: bytes, start: i64) -> vec[i64]:
    """Return what is stored from a place to the end, a multiple of eight bytes."""
    count: i64 = len(raw) - start >> 3
    found = vec[i64](capacity=count)
    for index in range(count):
        found = append(found, read_i64_le(raw, start + (index << 3)) ^ SIGN)
    return found
