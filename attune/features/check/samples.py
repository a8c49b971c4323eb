"""Made-up histories to try features on: an ordinary one, a heavy one, and what nobody expects."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, get_args

from msgspec import Raw

from attune.collect.event import CallType, Commerce, CommerceAction, Event, Kind, Product
from attune.collect.sealed import sealed
from attune.features.view import USER, Entity

_NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_CALLS: tuple[CallType, ...] = get_args(CallType)
_ACTIONS: tuple[CommerceAction, ...] = get_args(CommerceAction)

ORDINARY = timedelta(hours=20)
"""How long the ordinary history is: within this much lateness, order must not matter."""

LIGHT = 5
"""Events of a light history: most visitors come once."""

_AGENTS = ("Mozilla/5.0 (iPhone) Mobile", "Mozilla/5.0 (X11; Linux x86_64)", "")


def ordinary(entity: Entity, events: int = 240) -> list[Event]:
    """Return what one entity has of a day, in the order of arrival; others are in between."""
    return _of_one(entity, _history(_chance(1), events, ORDINARY, names=12))


def heavy(entity: Entity, events: int = 1_500) -> list[Event]:
    """Return what one entity has of three months in which it did a lot, the oldest first."""
    made = _of_one(entity, _history(_chance(2), events, timedelta(days=90), names=400))
    return sorted(made, key=lambda event: event.timestamp)


def extremes(entity: Entity) -> Iterator[tuple[str, Event]]:
    """Yield events that a sender can send and nobody thinks of, and what is odd about each."""
    for told, event in _odd():
        for part in _of_one(entity, [event]):
            yield told, part


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - a history that is the same each time


def _of_one(entity: Entity, events: Sequence[Event]) -> list[Event]:
    """Return the parts that are about one entity: the one that has most."""
    if entity == USER:
        return list(events)
    parts: dict[str, list[Event]] = {}
    for event in events:
        for one, part in entity.slices(event):
            parts.setdefault(one, []).append(part)
    return max(parts.values(), key=len, default=[])


def _history(chance: Random, count: int, span: timedelta, names: int) -> list[Event]:
    return [_event(chance, number, span, names) for number in range(count)]


def _event(chance: Random, number: int, span: timedelta, names: int) -> Event:
    at = _NOON - timedelta(milliseconds=chance.randrange(span // timedelta(milliseconds=1)))
    if chance.random() < 1 / 4:
        return _made(f"s{number}", at, type=chance.choice(_CALLS), sealed_context=_context(chance))
    # A third of what happens is about one product: an item has a history too.
    products = tuple(
        Product(
            f"p{chance.choice((0, chance.randrange(names), chance.randrange(names)))}",
            chance.choice((None, "a", f"a.c{chance.randrange(max(names // 8, 1))}")),
            chance.choice((None, f"b{chance.randrange(max(names // 8, 1))}")),
            chance.choice((None, chance.randrange(10**9))),
            chance.randrange(1, 4),
        )
        for _ in range(chance.choice((1, 1, 1, 2)))
    )
    action = chance.choice((*_ACTIONS, "viewed", "viewed"))
    return _made(f"s{number}", at, commerce=Commerce(action, products, f"o{number}"))


def _context(chance: Random) -> Raw:
    page = {"referrer": "https://www.google.com/"}
    return sealed({"userAgent": chance.choice(_AGENTS), "page": page})


def _made(id: str, at: datetime = _NOON, **parts: Any) -> Event:  # noqa: A002, ANN401 - as events have them
    filled: dict[str, Any] = {"type": "track", "user_id": "sample", "session_id": "sample"}
    return Event(
        id=id, kind=Kind.BEHAVIORAL, timestamp=at, received_at=at, source="", **filled | parts
    )


def _odd() -> Iterator[tuple[str, Event]]:
    for action in _ACTIONS:
        for told, commerce in _odd_commerce(action):
            yield told, _made("odd", commerce=commerce)
    for call in _CALLS:
        yield "nothing but the call", _made("odd", type=call)
        yield "unexpected properties", _made("odd", type=call, sealed_properties=sealed(_ODD))
        yield "unexpected context", _made("odd", type=call, sealed_context=sealed(_ODD))
        yield "unexpected traits", _made("odd", type=call, traits=_ODD, name="é" * 255)
    for year in (1970, 2107, 9999):
        moment = datetime(year, 1, 1, tzinfo=UTC)
        yield f"the year {year}", _made("odd", moment, commerce=_commerce("viewed", Product("p")))


def _odd_commerce(action: CommerceAction) -> Iterable[tuple[str, Commerce]]:
    largest = Product("é" * 255, "é" * 255, "é" * 255, 10**18, 1_000_000)
    yield "no product", Commerce(action)
    yield "a product of which only the id is known", _commerce(action, Product("p"))
    yield "a price of 0", _commerce(action, Product("p", "", "", 0))
    yield "the largest amounts", Commerce(action, (largest,), "o", 10**18, "EUR")
    many = tuple(Product(f"p{n}", f"c{n}", f"b{n}", n) for n in range(100))
    yield "a hundred products", Commerce(action, many)


def _commerce(action: CommerceAction, product: Product) -> Commerce:
    return Commerce(action, (product,))


_ODD: dict[str, Any] = {
    "rating": "five", "price": None, "tags": [1, "a", None], "page": 7, "device": "phone",
    "userAgent": None, "campaign": [], "deep": {"deeper": {"deepest": -1.5}}, "": float("1e308"),
}  # fmt: skip
"""Names that senders use, with values of another type than they mostly have."""
