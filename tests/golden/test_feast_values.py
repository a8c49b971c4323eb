"""Values that Feast wrote are read as Feast reads them, every kind, byte for byte."""

import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from feast_values import told
from hypothesis import given
from hypothesis import strategies as st

from attune.adapters.values import Unreadable, value_of
from attune.collect.event import EPOCH
from attune.features.plain import STORED_TYPES

CASES = json.loads((Path(__file__).parent / "feast_values.json").read_text())


def shown(value: Any) -> Any:
    """As the golden file tells it; moments are seconds there."""
    if isinstance(value, datetime):
        return (value - EPOCH).total_seconds()
    return [shown(each) for each in value] if isinstance(value, list) else told(value)


def single(number: float) -> float:
    """The nearest float32."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['type']} {case['hex'][:16]}")
def test_a_value_is_read_as_it_was_written(case: dict[str, Any]) -> None:
    kind, value = value_of(bytes.fromhex(case["hex"]))

    assert kind == (None if case["type"] == "null" else case["type"])
    wanted = case["value"]
    if case["type"].startswith("float32"):  # of seven digits, where Python has sixteen
        wanted = (
            [repr(single(float(each))) for each in wanted]
            if isinstance(wanted, list)
            else (repr(single(float(wanted))))
        )
    assert shown(value) == wanted


def test_every_type_that_can_be_declared_has_a_golden_value() -> None:
    assert {case["type"] for case in CASES} == {*STORED_TYPES, "null"}


@pytest.mark.parametrize(
    "raw",
    [
        "a201020a00",  # a map
        "0a05616263",  # five bytes announced, three there
        "2901",  # half a double
        "12ff",  # a length that does not end
        "1202c328",  # no UTF-8
        "1801" + "1802",  # two kinds at once
        "40ffffffffffffffff7f",  # a moment beyond the calendar
        "62020801",  # a list of texts with a number in it
    ],
)
def test_what_is_no_value_or_of_another_kind_is_refused(raw: str) -> None:
    with pytest.raises(Unreadable):
        value_of(bytes.fromhex(raw))


@given(st.binary(max_size=40))
def test_random_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        value_of(raw)
    except Unreadable:
        return
