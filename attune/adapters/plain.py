"""What an ordinary Feast view holds of one entity, with the status that Feast's SDK leaves open.

The SDK says `PRESENT` of every value, also of one that is not there or beyond its time to live;
its training joins leave out what is too old. Here both agree: such a value is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune.adapters.feast import TIME
from attune.adapters.protobuf import ms_of_timestamp
from attune.adapters.values import Unreadable, value_of
from attune.features.feature import Field, FieldType, Value
from attune.features.plain import PlainView, Status

_LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999; Feast's timestamps go no further."""

_WIDER: Mapping[FieldType, frozenset[FieldType]] = {
    "int64": frozenset({"int32"}),
    "float64": frozenset({"float32", "int32", "int64"}),
    "float32": frozenset({"float64", "int32", "int64"}),
    "int32": frozenset({"int64"}),
    "int64_list": frozenset({"int32_list"}),
    "float64_list": frozenset({"float32_list"}),
    "float32_list": frozenset({"float64_list"}),
}
"""What a declared type also takes: Feast does not convert stored values when a type is changed."""


@dataclass(frozen=True, slots=True)
class Held:
    """The values of a view; `as_of` is the event time of the row they come from, ms since 1970."""

    as_of: int | None
    status: Status
    values: Mapping[str, Value]
    statuses: Mapping[str, Status]
    unreadable: list[str] = field(default_factory=list)
    """Fields that hold something else than declared, and what."""


def held(view: PlainView, stored: Mapping[str, bytes], now: int) -> Held:
    """Return what a view answers at `now` (ms since 1970), given `Row.plain`."""
    unreadable: list[str] = []
    as_of = _as_of(view, stored, unreadable)
    status = view.status(as_of, now)
    values: dict[str, Value] = {}
    statuses: dict[str, Status] = {}
    for each in view.fields:
        raw = stored.get(f"{view.name}:{each.name}")
        values[each.name] = None
        statuses[each.name] = status
        if status is not Status.PRESENT:
            continue
        if raw is None:
            statuses[each.name] = Status.NOT_FOUND
            continue
        values[each.name] = value = _read(each, raw, unreadable)
        if value is None:
            statuses[each.name] = Status.NULL
    if statuses and set(statuses.values()) == {Status.NULL}:
        status = Status.NULL
    return Held(as_of, status, values, statuses, unreadable)


def _as_of(view: PlainView, stored: Mapping[str, bytes], unreadable: list[str]) -> int | None:
    raw = stored.get(f"{TIME}{view.name}")
    if raw is None:
        return None
    try:
        found = ms_of_timestamp(raw)
    except (KeyError, IndexError):
        found = _LATEST + 1
    if -_LATEST <= found <= _LATEST:
        return found
    unreadable.append(f"its timestamp is {raw[:20].hex()}")
    return None


def _read(declared: Field, raw: bytes, unreadable: list[str]) -> Value:
    try:
        found, value = value_of(raw)
    except Unreadable as error:
        unreadable.append(f"{declared.name}: {error}")
        return None
    if found is None or found == declared.type:
        return value
    if found not in _WIDER.get(declared.type, ()):
        unreadable.append(f"{declared.name} holds {found}, not {declared.type}")
        return None
    return float(value) if "float" in declared.type and isinstance(value, int) else value
