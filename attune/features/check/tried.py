"""What a feature does on made-up histories: does it hold what `Feature` promises?"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from attune.collect.event import Event
from attune.features.check.complaint import Complaint
from attune.features.check.folding import Broken, fold, run
from attune.features.check.samples import extremes, heavy, ordinary
from attune.features.feature import DAY, HOUR, NOT_A_STATE, Feature, Value
from attune.features.view import Entity, FeatureView

Tried = Feature[Any]

_ORDERS = 3
_INT = 2**31
_LATER = (0, HOUR, 40 * DAY)
_TYPES: dict[str, Callable[[Value], bool]] = {
    "int64": lambda value: type(value) is int,
    "float64": lambda value: type(value) in (float, int),
    "bool": lambda value: type(value) is bool,
    "string": lambda value: type(value) is str,
    "string_list": lambda value: isinstance(value, list) and {type(v) for v in value} <= {str},
    "float64_list": lambda value: (
        isinstance(value, list) and {type(v) for v in value} <= {float, int}
    ),
}


Finding = tuple[str, str, str]
"""What is wrong, what was found, and the remedy."""


def check_feature(view: FeatureView, feature: Tried) -> Iterator[Complaint]:
    """Yield which of its promises a feature does not keep."""
    place = f"{view.full_name}, {type(feature).__name__}"
    for attempt in (_empty, _types, _order, _halves, _stored, _extremes, _size):
        try:
            for says, value, remedy in attempt(feature, view.entity):
                yield Complaint(place, says, value, remedy)
        except Broken as broken:
            remedy = "mend it: in the stream it would lose such events, and be counted and logged"
            yield Complaint(place, str(broken), "", remedy)
            return


def _pack(feature: Tried, state: Any) -> bytes:  # noqa: ANN401 - as above
    packed: bytes = run("pack", feature.pack, state)
    return packed


def _again(feature: Tried, packed: bytes) -> Any:  # noqa: ANN401 - as above
    return run("unpack", feature.unpack, packed) if packed else feature.empty()


def _read(feature: Tried, state: Any, now: int) -> tuple[Value, ...]:  # noqa: ANN401 - as above
    return tuple(run("read", feature.read, state, now))


def _last(events: Sequence[Event]) -> int:
    return max((event.at for event in events), default=0)


def _empty(feature: Tried, _: Entity) -> Iterator[Finding]:
    packed = _pack(feature, run("empty", feature.empty))
    if packed:
        yield (
            "its empty state takes place in every stored state of the view",
            f"{len(packed)} bytes",
            'let `pack` return b"" for it',
        )


def _types(feature: Tried, entity: Entity) -> Iterator[Finding]:
    fields = run("fields", lambda: feature.fields)
    for events in ([], ordinary(entity), heavy(entity)):
        state = fold(feature, events)
        for later in _LATER:
            values = _read(feature, state, _last(events) + later)
            if len(values) != len(fields):
                told = f"{len(values)} for {len(fields)} fields"
                yield "read returns another number of values", told, "return one a field"
                return
            for field, value in zip(fields, values, strict=True):
                if field.type == "int64" and isinstance(value, int) and abs(value) >= _INT:
                    told = f"{value} for {field.name}"
                    yield "read returns more than GraphQL's Int holds", told, "declare it float64"
                    return
                if value is not None and field.type in _TYPES and not _TYPES[field.type](value):
                    told = f"{value!r:.60} for {field.name}: {field.type}"
                    yield "read returns another type than declared", told, "return or declare it"
                    return


def _order(feature: Tried, entity: Entity) -> Iterator[Finding]:
    events = ordinary(entity)
    told = _pack(feature, fold(feature, events))
    for seed in range(_ORDERS):
        other = Random(seed).sample(events, len(events))  # noqa: S311 - the same each time
        if _pack(feature, fold(feature, other)) != told:
            yield (
                "its state depends on the order of events",
                f"{len(events)} events of a day in two orders",
                "keep what is newest by the time of events, and amounts as integers",
            )
            return


def _halves(feature: Tried, entity: Entity) -> Iterator[Finding]:
    events = ordinary(entity)
    whole = _pack(feature, fold(feature, events))
    for mine, theirs in ((events[::2], events[1::2]), (events, []), ([], events)):
        merged = run("merge", feature.merge, fold(feature, mine), fold(feature, theirs))
        if _pack(feature, merged) != whole:
            yield (
                "merge of two halves is not the whole",
                f"{len(mine)} and {len(theirs)} events",
                "two profiles become one by it: add up what `update` adds up",
            )
            return


def _stored(feature: Tried, entity: Entity) -> Iterator[Finding]:
    for events in (ordinary(entity), heavy(entity)):
        state, now = fold(feature, events), _last(events)
        packed = _pack(feature, state)
        again = _again(feature, packed)
        if _read(feature, again, now) != _read(feature, state, now) or (
            _pack(feature, again) != packed
        ):
            yield (
                "a stored state is not what it was",
                f"{len(packed)} bytes",
                "let `unpack` undo `pack`",
            )
            return
    for raw in (b"\x00", b"\xff" * 7, b"not a state"):
        try:
            feature.unpack(raw)
        except NOT_A_STATE:
            continue
        except Exception as error:
            raise Broken("unpack of bytes that are no state", error) from error


def _size(feature: Tried, entity: Entity) -> Iterator[Finding]:
    odd = [event for _, event in extremes(entity)]
    for told, events in (("a day", ordinary(entity)), ("three months", heavy(entity))):
        size = len(_pack(feature, fold(feature, [*events, *odd])))
        if size > feature.largest:
            yield (
                f"its state is larger than the {feature.largest} bytes it may have",
                f"{size} bytes after {told} with {len(events)} events",
                "bound what it keeps; every profile pays for it in memory",
            )
            return


def _extremes(feature: Tried, entity: Entity) -> Iterator[Finding]:
    usual = ordinary(entity, 24)
    for odd, event in extremes(entity):
        for before in ([], usual):
            state = fold(feature, [*before, event], odd)
            _read(feature, _again(feature, _pack(feature, state)), _last([*before, event]))
    yield from ()
