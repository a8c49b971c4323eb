"""Feast's bytes: the online store format of Feast 0.67, entity keys in version 3.

Written and read without importing Feast (its Python read costs 0.5 ms, its import 4 s); parity
with `FeatureStore.get_online_features` is a test. Golden bytes: `tests/golden/feast.json`.
"""

import re
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

import mmh3

from attune.adapters.resp import argument, head, number
from attune.adapters.values import read_varint
from attune.errors import ConfigurationError
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView
from attune.features.view import Entity, FeatureView
from attune.ports import Row, Write
from attune.profiles.kept import LEDGER, SEAM
from attune.profiles.profile import RECORDS, REDIRECT

VERSION_FIELD: Final = b"_v"
TIME: Final = "_ts:"
_RECORD_FIELDS: Final = {name: b"_" + name[:1].encode() for name in RECORDS}
_STRING: Final = 2
_BYTES: Final = 0x0A  # first byte of a `Value` that holds bytes; their length follows
_TWO: Final = 2
_MORE: Final = 0x80  # in a varint: another byte follows
_BEYOND: Final = 1 << 64
_USUAL: Final = 64  # bytes: ids are hardly ever longer
_U32: Final = struct.Struct("<I")
_GLOB: Final = re.compile(rb"[*?\[\]\\^-]")  # what MATCH takes for a pattern


def state_view(entity: Entity) -> str:
    """Return the name of the plain Feast view that holds the states of an entity: `user_state`.

    It has one BYTES feature for each of our views, so one timestamp serves all of them.
    """
    return f"{entity.name}_state"


def state_feature(view: FeatureView) -> str:
    """Return the name of a view's feature in it; Feast's joins want names unique across views."""
    return f"{view.entity.name}_{view.state_name}_state"


def entity_key(join_key: str, value: str, project: str) -> bytes:
    """Return the Redis key of an entity with one STRING join key."""
    raw = value.encode()
    return b"".join((_before(join_key), _U32.pack(len(raw)), raw, project.encode()))


def _before(join_key: str) -> bytes:
    """Return the part of a key that all entities of a kind share: one name, one STRING."""
    name = join_key.encode()
    return b"".join(
        (_U32.pack(1), _U32.pack(_STRING), _U32.pack(len(name)), name, _U32.pack(_STRING))
    )


def field_of(view: str, feature: str) -> bytes:
    """Return the hash field of one feature of a Feast view."""
    return _U32.pack(mmh3.hash(f"{view}:{feature}", signed=False))


def time_of(view: str) -> bytes:
    """Return the hash field that holds when a Feast view was last written, by event time."""
    return f"{TIME}{view}".encode()


def bytes_value(raw: bytes) -> bytes:
    """Return a `feast.types.Value` that holds bytes."""
    length = len(raw)
    if length < _MORE:
        return b"\x0a%c%b" % (length, raw)
    return b"\x0a" + _varint(length) + raw


def bytes_of_value(value: bytes) -> bytes:
    """Return the bytes in a `feast.types.Value`.

    Raises:
        ValueError: it holds something else.
    """
    if value[:1] != b"\x0a":
        raise ValueError("not a bytes value")
    length, start = read_varint(value, 1)
    return value[start : start + length]


def timestamp(ms: int) -> bytes:
    """Return a `google.protobuf.Timestamp`; zero parts are left out."""
    seconds, rest = divmod(ms, 1000)
    return _seconds(seconds) + _MILLIS[rest]


@lru_cache(maxsize=1 << 14)
def _seconds(seconds: int) -> bytes:
    return b"\x08" + _varint(seconds) if seconds else b""


def ms_of_timestamp(raw: bytes) -> int:
    """Return milliseconds of a `google.protobuf.Timestamp`."""
    found = {8: 0, 16: 0}
    start = 0
    while start < len(raw):
        tag = raw[start]
        found[tag], start = read_varint(raw, start + 1)
    seconds = found[8] - _BEYOND if found[8] >= _BEYOND >> 1 else found[8]  # before 1970
    return seconds * 1000 + found[16] // 1_000_000


class Layout:
    """Where everything of one entity lies in Redis: key, and field names of views and records."""

    def __init__(self, project: str, features: FeatureSet) -> None:
        feast_view = state_view(features.entity)
        self._before = _before(features.entity.join_key)
        self._after = project.encode()
        self._fixed = len(self._before) + _U32.size + len(self._after)
        self._key_heads = [self._key_head(size) for size in range(_USUAL)]
        """What stands before ids of so many bytes."""
        self._time = argument(time_of(feast_view))
        self._state = {
            view.state_name: field_of(feast_view, state_feature(view)) for view in features.views
        }
        if len(set(self._state.values())) < len(self._state):
            raise ConfigurationError(
                f"two views of {features.entity.name} have one place in the store, by the hash of "
                f"their names ({', '.join(self._state)}): rename one of them"
            )
        self._plain = {
            field_of(view.name, field.name): f"{view.name}:{field.name}"
            for view in features.plain
            for field in view.fields
        } | {time_of(view.name): f"{TIME}{view.name}" for view in features.plain}
        self._views = {field: name for name, field in self._state.items()}
        self._records = {field: name for name, field in _RECORD_FIELDS.items()}
        self._state_arguments = {name: argument(field) for name, field in self._state.items()}

    def key(self, value: str) -> bytes:
        """Return the Redis key of one entity, as an argument of a command."""
        raw = value.encode()
        size = len(raw)
        before = self._key_heads[size] if size < _USUAL else self._key_head(size)
        return b"".join([before, raw, self._after])

    def _key_head(self, size: int) -> bytes:
        return head(self._fixed + size) + self._before + _U32.pack(size)

    def bare_key(self, value: str) -> bytes:
        """Return the Redis key of one entity."""
        raw = value.encode()
        return b"%b%b%b%b" % (self._before, _U32.pack(len(raw)), raw, self._after)

    @property
    def pattern(self) -> bytes:
        """What Redis' MATCH finds these keys by."""
        return _GLOB.sub(rb"\\\g<0>", self._before) + b"*" + self._after

    def id(self, key: bytes) -> str:
        """Return the entity that a key is of."""
        return key[len(self._before) + _U32.size : len(key) - len(self._after)].decode()

    def fields_of(self, views: Iterable[FeatureView | PlainView]) -> list[bytes]:
        """Return the fields that hold some views, and the records that reading them asks for."""
        found = [VERSION_FIELD, *(_RECORD_FIELDS[name] for name in (LEDGER, REDIRECT, SEAM))]
        for view in views:
            if isinstance(view, PlainView):
                found += [time_of(view.name), *(field_of(view.name, f.name) for f in view.fields)]
            else:
                found.append(self._state[view.state_name])
        return found

    def row(self, found: Iterable[tuple[bytes, bytes | None]]) -> Row:
        """Return what a hash holds, given its fields with their values, None where there is none.

        Values of plain views are kept as they are: the consumer has no use for them. Fields of
        Feast views that are not declared are left aside.
        """
        pairs = [(self._slot(field), value) for field, value in found]
        return row_of([slot for slot, _ in pairs], [value for _, value in pairs])

    def slots_of(self, fields: Iterable[bytes]) -> "list[Slot]":
        """Return where the values of fields belong in a row, for `row_of`."""
        return [self._slot(field) for field in fields]

    def _slot(self, field: bytes) -> "Slot":
        if (view := self._views.get(field)) is not None:
            return _OF_STATES, view
        if (record := self._records.get(field)) is not None:
            return _OF_RECORDS, record
        if field == VERSION_FIELD:
            return _OF_VERSION, ""
        if (name := self._plain.get(field)) is not None:
            return _OF_PLAIN, name
        return _OF_NOBODY, ""

    def add_fields(self, write: Write, parts: list[bytes]) -> int:
        """Add the fields that a write sets, with their values: version, states and records.

        Returns:
            How many arguments of the command they are.
        """
        states, records = write.states, write.records
        parts.append(_VERSION)
        parts.append(number(write.version + 1))
        for name, raw in states.items():
            size = len(raw)
            parts.append(self._state_arguments[name])
            parts.append(_VALUES[size] if size < _SHORT else _value_head(size))
            parts.append(raw)
        if states:
            time = timestamp(write.as_of)
            parts.append(self._time)
            parts.append(head(len(time)))
            parts.append(time)
        for name, raw in records.items():
            parts.append(_RECORD_ARGUMENTS[name])
            parts.append(head(len(raw)))
            parts.append(raw)
        return 2 * (1 + len(states) + bool(states) + len(records))

    def removed(self, write: Write) -> list[bytes]:
        """Return the fields that a write removes."""
        return [
            _RECORD_FIELDS[name] if name in _RECORD_FIELDS else self._state[name]
            for name in sorted(write.remove)
        ]


Slot: TypeAlias = tuple[int, str]
"""Which part of a row a value belongs to, and under which name."""
_OF_STATES: Final = 0
_OF_RECORDS: Final = 1
_OF_VERSION: Final = 2
_OF_PLAIN: Final = 3
_OF_NOBODY: Final = 4


def row_of(slots: list[Slot], values: list[bytes | None]) -> Row:
    """Return a row of these values, None where there is none."""
    states: dict[str, bytes] = {}
    records: dict[str, bytes] = {}
    plain: dict[str, bytes] = {}
    version = 0
    for place in range(len(values)):
        value = values[place]
        if value is None:
            continue
        part, name = slots[place]
        if part == _OF_STATES:
            states[name] = _state_in(value)
        elif part == _OF_RECORDS:
            records[name] = value
        elif part == _OF_VERSION:
            version = int(value)
        elif part == _OF_PLAIN:
            plain[name] = value
    return Row(version, states, records, plain)


_VERSION: Final = argument(VERSION_FIELD)
_RECORD_ARGUMENTS: Final = {name: argument(field) for name, field in _RECORD_FIELDS.items()}


def _state_in(value: bytes) -> bytes:
    """Return the state, or nothing, which is none: Feast itself may have stored a null."""
    if len(value) > _TWO and value[0] == _BYTES:  # as a rule, with a length of one or two bytes
        length, more = value[1], value[_TWO]
        if length < _MORE:
            return value[_TWO : _TWO + length]
        if more < _MORE:
            return value[_TWO + 1 : _TWO + 1 + (length & _MORE - 1 | more << 7)]
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


def _value_head(length: int) -> bytes:
    """Return what stands before a state of so many bytes: the argument's head, and the value's."""
    before = b"\x0a" + _varint(length)
    return head(len(before) + length) + before


_MILLIS: Final = (b"", *(b"\x10" + _varint(ms * 1_000_000) for ms in range(1, 1000)))
_SHORT: Final = 1024
_VALUES: Final = tuple(map(_value_head, range(_SHORT)))
