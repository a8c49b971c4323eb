"""Feast's bytes: the online store format of Feast 0.67, entity keys in version 3.

Written and read without importing Feast (its Python read costs 0.5 ms, its import 4 s); parity
with `FeatureStore.get_online_features` is a test. Golden bytes: `tests/golden/feast.json`.
"""

import re
import struct
from collections.abc import Iterable
from typing import Final

import mmh3
from librt.strings import BytesWriter

from attune.adapters.resp import head
from attune.adapters.rows import (
    NOBODY,
    OF_PLAIN,
    OF_RECORDS,
    OF_STATES,
    OF_VERSION,
    Slot,
    row_of,
)
from attune.errors import ConfigurationError
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView
from attune.features.view import Entity, FeatureView
from attune.ports import Row, Write
from attune.profiles.kept import LEDGER, SEAM
from attune.profiles.profile import RECORDS, REDIRECT

VERSION_FIELD: Final = b"_v"
TIME: Final = "_ts:"
RECORD_FIELDS: Final = {name: b"_" + name[:1].encode() for name in RECORDS}
_STRING: Final = 2
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


class Layout:
    """Where everything of one entity lies in Redis: key, and field names of views and records."""

    def __init__(self, project: str, features: FeatureSet) -> None:
        feast_view = state_view(features.entity)
        self._before = _before(features.entity.join_key)
        self._after = project.encode()
        self._fixed = len(self._before) + _U32.size + len(self._after)
        self._key_heads = [self._key_head(size) for size in range(_USUAL)]
        """What stands before ids of so many bytes."""
        self.time = time_of(feast_view)
        """The field of when states were last written, by event time."""
        self.state_fields = {
            view.state_name: field_of(feast_view, state_feature(view)) for view in features.views
        }
        if len(set(self.state_fields.values())) < len(self.state_fields):
            raise ConfigurationError(
                f"two views of {features.entity.name} have one place in the store, by the hash of "
                f"their names ({', '.join(self.state_fields)}): rename one of them"
            )
        plain = {
            field_of(view.name, field.name): f"{view.name}:{field.name}"
            for view in features.plain
            for field in view.fields
        } | {time_of(view.name): f"{TIME}{view.name}" for view in features.plain}
        # Where a hash is that of two names, the last of these has it.
        self._slots: dict[bytes, Slot] = (
            {field: Slot(OF_PLAIN, name) for field, name in plain.items()}
            | {VERSION_FIELD: Slot(OF_VERSION, "")}
            | {field: Slot(OF_RECORDS, name) for name, field in RECORD_FIELDS.items()}
            | {field: Slot(OF_STATES, name) for name, field in self.state_fields.items()}
        )

    def key(self, value: str) -> bytes:
        """Return the Redis key of one entity, as an argument of a command."""
        out = BytesWriter()
        self.put_key(value, out)
        return out.getvalue()

    def put_key(self, value: str, out: BytesWriter) -> None:
        """Write the Redis key of one entity, as an argument of a command."""
        raw = value.encode()
        size = len(raw)
        out.write(self._key_heads[size] if size < _USUAL else self._key_head(size))
        out.write(raw)
        out.write(self._after)

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
        found = [VERSION_FIELD, *(RECORD_FIELDS[name] for name in (LEDGER, REDIRECT, SEAM))]
        for view in views:
            if isinstance(view, PlainView):
                found += [time_of(view.name), *(field_of(view.name, f.name) for f in view.fields)]
            else:
                found.append(self.state_fields[view.state_name])
        return found

    def row(self, found: list[bytes]) -> Row:
        """Return what a hash holds, given each field and behind it its value, as HGETALL does.

        Values of plain views are kept as they are: the consumer has no use for them. Fields of
        Feast views that are not declared are left aside.
        """
        slots: list[Slot] = []
        values: list[bytes | None] = []
        for place in range(0, len(found), 2):
            slots.append(self._slots.get(found[place], NOBODY))
            values.append(found[place + 1])
        return row_of(slots, values)

    def slots_of(self, fields: Iterable[bytes]) -> list[Slot]:
        """Return where the values of fields belong in a row, for `row_of`."""
        return [self._slots.get(field, NOBODY) for field in fields]

    def removed(self, write: Write) -> list[bytes]:
        """Return the fields that a write removes."""
        return [
            RECORD_FIELDS[name] if name in RECORD_FIELDS else self.state_fields[name]
            for name in sorted(write.remove)
        ]
