"""Stored bytes that no state ever had, and what they must not do."""

import struct

import pytest
from making import NOON

from attune.collect.event import millis
from attune.features.cart import Cart
from attune.features.distinct import DistinctSketch
from attune.features.feature import CorruptState, Feature
from attune.features.hours import HourOfWeek
from attune.features.interest import Affinity
from attune.features.sessions import Sessions

NOW = millis(NOON)


@pytest.mark.parametrize(
    ("feature", "raw"),
    [
        (HourOfWeek(), bytes((1, 3, 0))),  # a slot in which nothing happened
        (HourOfWeek(), bytes((1, 42, 1))),  # the slot after the last of the week
        (HourOfWeek(), bytes((2, 3, 3, 1, 1, 1))),
        (DistinctSketch(), struct.pack("<IHHB", 9, 1, 256 << 5 | 1, 0)),  # register 256 of 256
        (Sessions(), struct.pack("<qBIqI", NOW, 1 | 0x80, 1, -1, 0) + struct.pack("<III", 0, 0, 1)),
        (Cart(), struct.pack("<qqB", 0, NOW, 1) + struct.pack("<IIiq", 5, 1, 1, 1)),
    ],
)
def test_they_are_refused(feature: Feature[object], raw: bytes) -> None:
    with pytest.raises((CorruptState, ValueError)):
        feature.unpack(raw)


def test_an_affinity_without_points_has_no_shares_to_divide() -> None:
    affinity = Affinity()
    newest, points, names = b"\x00", b"\x00", b"a"
    raw = struct.pack("<IIBH", 2800, 7, 1, 0b1) + newest + points + names

    assert affinity.read_packed(raw, NOW) == (["a"], ["a"], [0.0])
