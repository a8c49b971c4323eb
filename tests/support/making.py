"""Events for tests: short to write, and strategies that make histories of them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from zlib import crc32

from hypothesis import strategies as st

from attune.collect.event import Commerce, CommerceAction, Event, Kind, Product
from attune.collect.sealed import sealed
from attune.ports import Taken
from attune.stream import Position, topic_of

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_ids = count()


def event(
    user: str | None = "ada",
    at: datetime = NOON,
    *,
    type: str = "track",
    kind: Kind = Kind.BEHAVIORAL,
    id: str | None = None,
    **more: object,
) -> Event:
    """An event with what a test does not care about filled in."""
    for members in ("properties", "context"):
        if members in more:
            more[f"sealed_{members}"] = sealed(more.pop(members))
    return Event(
        id=id or f"m-{next(_ids)}",
        type=type,
        kind=kind,
        timestamp=at,
        received_at=more.pop("received_at", at),
        source="test",
        user_id=user,
        **more,
    )


def shopped(
    action: CommerceAction,
    user: str | None = "ada",
    at: datetime = NOON,
    *,
    item: str = "p1",
    category: str | None = "electronics.audio",
    price: float = 10.0,
    **more: object,
) -> Event:
    """A commerce event with one product line."""
    product = Product(item, category, "acme", round(price * 1_000_000))
    kind = Kind.TRANSACTIONAL if action in {"purchased", "refunded"} else Kind.BEHAVIORAL
    return event(user, at, kind=kind, commerce=Commerce(action, (product,)), **more)


class Tape:
    """Gives events the offsets they would have, each topic one partition, or some by profile."""

    def __init__(self, partitions: int = 1) -> None:
        self._partitions = partitions
        self._next: dict[tuple[str, int], int] = {}

    def __call__(self, *events: Event) -> list[Taken]:
        return [Taken(self._position(one), one) for one in events]

    def _position(self, one: Event) -> Position:
        place = topic_of(one), crc32(one.profile.encode()) % self._partitions
        offset = self._next.get(place, 0)
        self._next[place] = offset + 1
        return Position(*place, offset)


def taken(*events: Event) -> list[Taken]:
    """The events as a consumer takes them from new topics."""
    return Tape()(*events)


ACTIONS: tuple[CommerceAction, ...] = ("viewed", "added", "removed", "purchased", "refunded")
CATEGORIES = ("a.one", "a.two", "b.one", "b.two", "c", "d", "éa", None)


@st.composite
def shop_events(draw: st.DrawFn, span: timedelta = timedelta(hours=20)) -> Event:
    """One event of one visitor within `span` before noon, to the millisecond."""
    at = NOON - timedelta(milliseconds=draw(st.integers(0, int(span.total_seconds() * 1000))))
    if draw(st.booleans()):
        return shopped(
            draw(st.sampled_from(ACTIONS)),
            at=at,
            category=draw(st.sampled_from(CATEGORIES)),
            price=draw(st.integers(0, 10**9)) / 100,
        )
    return event(at=at, type=draw(st.sampled_from(("page", "screen", "track"))))


def histories(max_size: int = 40) -> st.SearchStrategy[list[Event]]:
    """A visitor's events, within the lateness bound, in the order of their arrival."""
    return st.lists(shop_events(), max_size=max_size)
