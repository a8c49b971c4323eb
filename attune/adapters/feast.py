"""Feast's bytes: the online store format of Feast 0.67, entity keys in version 3.

Written and read without importing Feast (its Python read costs 0.5 ms, its import 4 s); parity
with `FeatureStore.get_online_features` is a test. Golden bytes: `tests/golden/feast.json`.
"""

import struct
from collections.abc import Mapping

import mmh3

from attune.features.feature_set import FeatureSet
from attune.features.view import Entity
from attune.ports import Row, Stored, Write
from attune.profiles.profile import RECORDS

VERSION_FIELD = b"_v"
_RECORD_FIELDS = {name: b"_" + name[:1].encode() for name in RECORDS}
_STRING = 2
_MORE = 0x80  # in a varint: another byte follows
_U32 = struct.Struct("<I")


def state_view(full_name: str) -> str:
    """Return the name of the plain Feast view that holds the states of a feature view.

    Its one feature has the same name, because Feast's joins want names unique across views.
    """
    return f"{full_name}_state"


def entity_key(join_key: str, value: str, project: str) -> bytes:
    """Return the Redis key of an entity with one STRING join key."""
    name, raw = join_key.encode(), value.encode()
    return b"".join(
        (
            _U32.pack(1),
            _U32.pack(_STRING),
            _U32.pack(len(name)),
            name,
            _U32.pack(_STRING),
            _U32.pack(len(raw)),
            raw,
            project.encode(),
        )
    )


def field_of(view: str, feature: str) -> bytes:
    """Return the hash field of one feature of a Feast view."""
    return _U32.pack(mmh3.hash(f"{view}:{feature}", signed=False))


def bytes_value(raw: bytes) -> bytes:
    """Return a `feast.types.Value` that holds bytes."""
    return b"\x0a" + _varint(len(raw)) + raw


def bytes_of_value(value: bytes) -> bytes:
    """Return the bytes in a `feast.types.Value`.

    Raises:
        ValueError: it holds something else.
    """
    if value[:1] != b"\x0a":
        raise ValueError("not a bytes value")
    length, start = _read_varint(value, 1)
    return value[start : start + length]


def timestamp(ms: int) -> bytes:
    """Return a `google.protobuf.Timestamp`; zero parts are left out."""
    seconds, rest = divmod(ms, 1000)
    parts = b"\x08" + _varint(seconds) if seconds else b""
    return parts + (b"\x10" + _varint(rest * 1_000_000) if rest else b"")


def ms_of_timestamp(raw: bytes) -> int:
    """Return milliseconds of a `google.protobuf.Timestamp`."""
    found = {8: 0, 16: 0}
    start = 0
    while start < len(raw):
        tag = raw[start]
        found[tag], start = _read_varint(raw, start + 1)
    return found[8] * 1000 + found[16] // 1_000_000


class Layout:
    """Where everything of one entity lies in Redis: key, and field names of views and records."""

    def __init__(self, project: str, entity: Entity, features: FeatureSet) -> None:
        self._project = project
        self._join_key = entity.join_key
        self._state: dict[str, bytes] = {}
        self._time: dict[str, bytes] = {}
        for view in features.views:
            feast_view = state_view(view.full_name)
            self._state[view.name] = field_of(feast_view, feast_view)
            self._time[view.name] = b"_ts:" + feast_view.encode()
        self._views = {field: name for name, field in self._state.items()}
        self._records = {field: name for name, field in _RECORD_FIELDS.items()}

    def key(self, value: str) -> bytes:
        """Return the Redis key of one entity."""
        return entity_key(self._join_key, value, self._project)

    def row(self, found: Mapping[bytes, bytes]) -> Row:
        """Return what a hash holds; fields of other Feast views are left aside."""
        states: dict[str, Stored] = {}
        records: dict[str, bytes] = {}
        for field, value in found.items():
            if (view := self._views.get(field)) is not None:
                as_of = ms_of_timestamp(found.get(self._time[view], b""))
                states[view] = Stored(_state_in(value), as_of)
            elif (record := self._records.get(field)) is not None:
                records[record] = value
        return Row(int(found.get(VERSION_FIELD, 0)), states, records)

    def fields(self, write: Write) -> dict[bytes, bytes]:
        """Return the fields that a write sets, the raised version among them."""
        fields = {VERSION_FIELD: str(write.version + 1).encode()}
        for name, stored in write.states.items():
            fields[self._state[name]] = bytes_value(stored.state)
            fields[self._time[name]] = timestamp(stored.as_of)
        for name, raw in write.records.items():
            fields[_RECORD_FIELDS[name]] = raw
        return fields

    def removed(self, write: Write) -> list[bytes]:
        """Return the fields that a write removes."""
        fields: list[bytes] = []
        for name in sorted(write.remove):
            if name in _RECORD_FIELDS:
                fields.append(_RECORD_FIELDS[name])
            else:
                fields += (self._state[name], self._time[name])
        return fields


def _state_in(value: bytes) -> bytes:
    """Return the state, or nothing, which is none: Feast itself may have stored a null."""
    try:
        return bytes_of_value(value)
    except (ValueError, IndexError):
        return b""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= _MORE:
        out.append(number % _MORE | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(raw: bytes, start: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = raw[start]
        start += 1
        number |= (byte % _MORE) << shift
        if byte < _MORE:
            return number, start
        shift += 7
