"""Feast's online format, byte for byte: keys, fields, values, timestamps (Feast 0.67)."""

import pytest

from attune.adapters.feast import entity_key, field_of
from attune.adapters.protobuf import bytes_of_value, bytes_value, ms_of_timestamp, timestamp


def test_an_entity_key_is_feasts() -> None:
    assert entity_key("user_id", "u000000", "shop").hex() == (
        "010000000200000007000000757365725f696402000000070000007530303030303073686f70"
    )


@pytest.mark.parametrize(
    ("view", "feature", "field"),
    [("fv0", "f0_d0", "ad7554fe"), ("driver_stats", "conv_rate", "fa731014")],
)
def test_a_field_is_the_murmur_hash_of_view_and_feature(
    view: str, feature: str, field: str
) -> None:
    assert field_of(view, feature).hex() == field


@pytest.mark.parametrize("length", [0, 1, 127, 128, 300, 20_000])
def test_a_bytes_value_is_a_protobuf_of_one_field(length: int) -> None:
    raw = b"x" * length

    value = bytes_value(raw)

    assert bytes_of_value(value) == raw
    if length == 300:
        assert value[:3].hex() == "0aac02"


@pytest.mark.parametrize(
    ("ms", "raw"),
    [(1_700_000_000_123, "0880e2cfaa0610c0a9d33a"), (0, ""), (1_700_000_000_000, "0880e2cfaa06")],
)
def test_a_timestamp_is_a_protobuf_without_zero_parts(ms: int, raw: str) -> None:
    assert timestamp(ms).hex() == raw
    assert ms_of_timestamp(bytes.fromhex(raw)) == ms


def test_another_kind_of_value_is_refused() -> None:
    with pytest.raises(ValueError, match="not a bytes value"):
        bytes_of_value(b"\x20\x05")
