"""What is sent to Redis, against hiredis' own way to pack a command, and what comes back."""

from datetime import UTC, datetime
from hashlib import sha1

import hiredis
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from attune.adapters.feast import Layout, entity_key, field_of, time_of
from attune.adapters.guarded import Guarded
from attune.adapters.protobuf import bytes_value, ms_of_timestamp, timestamp
from attune.ports import Row, Write
from attune.profiles.profile import RECORDS
from feature_repo.views import USER_FEATURES

LAYOUT = Layout("shop", USER_FEATURES)
FIELDS = {
    view.state_name: field_of("user_state", f"user_{view.state_name}_state")
    for view in USER_FEATURES.views
}
LENGTHS = (0, 1, 127, 128, 1023, 1024, 2046, 2047, 2048, 16_383, 16_384)
LATE = int(datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC).timestamp() * 1000)

raws = st.binary(max_size=40) | st.sampled_from(LENGTHS).map(bytes)
moments = st.sampled_from((0, 1, 999, 1000, 1_700_000_000_000, LATE)) | st.integers(0, LATE)
versions = st.sampled_from((0, 9, 10, 2046, 2047, 2048, (1 << 53) - 2)) | st.integers(0, 5000)
states = st.dictionaries(st.sampled_from(sorted(FIELDS)), raws, max_size=4)
records = st.dictionaries(st.sampled_from(RECORDS), raws, max_size=3)
writes = st.builds(
    Write,
    st.text(max_size=70),
    versions,
    moments,
    states,
    records,
    st.frozensets(st.sampled_from((*FIELDS, *RECORDS)), max_size=3),
)


def place_of(name: str) -> bytes:
    return b"_" + name[:1].encode() if name in RECORDS else FIELDS[name]


def packed(guarded: Guarded, write: Write, ttl: int, begun: bytes, mark: bytes) -> bytes:
    """Return the command that writes a row, as hiredis packs it."""
    keys = [entity_key("user_id", write.id, "shop"), *([begun] if begun else [])]
    removed = [place_of(name) for name in sorted(write.remove)]
    pairs = [(b"_v", b"%d" % (write.version + 1))]
    pairs += [(FIELDS[name], bytes_value(raw)) for name, raw in write.states.items()]
    if write.states:
        pairs.append((time_of("user_state"), timestamp(write.as_of)))
    pairs += [(place_of(name), raw) for name, raw in write.records.items()]
    return hiredis.pack_command(
        (
            b"EVALSHA",
            sha1(guarded.script, usedforsecurity=False).hexdigest().encode(),
            len(keys),
            *keys,
            mark,
            write.version,
            len(removed),
            ttl,
            *removed,
            *(part for pair in pairs for part in pair),
        )
    )


@given(
    st.lists(writes, max_size=3),
    st.sampled_from((0, 60, 2_592_000)),
    st.sampled_from((b"", b"begun")),
    st.binary(max_size=20),
)
def test_a_write_is_the_command_that_hiredis_packs(
    drawn: list[Write], ttl: int, begun: bytes, mark: bytes
) -> None:
    guarded = Guarded(LAYOUT, ttl=ttl, begun=begun, told=True)
    guarded.has_mark(mark)

    commands = guarded.writes(drawn)

    assert commands == [packed(guarded, write, ttl, begun, mark) for write in drawn]


@given(st.lists(st.text(max_size=70), max_size=3))
def test_a_row_is_asked_for_by_its_key(ids: list[str]) -> None:
    guarded = Guarded(LAYOUT, ttl=0, begun=b"", told=False)

    assert guarded.reads(ids) == [
        hiredis.pack_command((b"HGETALL", entity_key("user_id", each, "shop"))) for each in ids
    ]


@given(writes)
def test_what_was_written_is_read_again(write: Write) -> None:
    guarded = Guarded(LAYOUT, ttl=0, begun=b"", told=False)
    fields = [b"_v", b"%d" % (write.version + 1), b"????", b"of nobody"]
    for name, raw in write.states.items():
        fields += [FIELDS[name], bytes_value(raw)]
    for name, raw in write.records.items():
        fields += [place_of(name), raw]

    found = guarded.rows(["ada", "bob"], [fields, []])

    assert found == {"ada": Row(write.version + 1, write.states, write.records), "bob": Row()}


def test_an_id_that_is_no_text_leaves_the_next_command_as_it_should_be() -> None:
    guarded = Guarded(LAYOUT, ttl=0, begun=b"", told=False)
    whole = Write("ada", 1, 0, {}, {"ledger": b"l"})
    before = guarded.writes([whole])

    with pytest.raises(UnicodeEncodeError):
        guarded.writes([Write("\ud800", 1, 0, {}, {"ledger": b"l"})])

    assert guarded.writes([whole]) == before


@pytest.mark.parametrize("digits", [b"", b"x", b"1x", b"1.5", b"\xff"])
def test_a_version_that_is_no_number_is_refused(digits: bytes) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        LAYOUT.row([b"_v", digits])


@pytest.mark.parametrize("version", [0, 7, 10**17, 10**18, 10**19, 10**30])
def test_a_version_of_any_length_is_read(version: int) -> None:
    assert LAYOUT.row([b"_v", b"%d" % version]).version == version


@given(moments)
def test_a_moment_is_the_timestamp_that_protobuf_writes(ms: int) -> None:
    raw = timestamp(ms)

    seconds, rest = divmod(ms, 1000)
    assert raw == Timestamp(seconds=seconds, nanos=rest * 1_000_000).SerializeToString()
    assert ms_of_timestamp(raw) == ms


def test_a_moment_before_1970_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 ms is before 1970"):
        timestamp(-1)
