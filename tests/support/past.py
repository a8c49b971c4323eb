"""Histories of months: what visitors do over half a year, and the orders in which it may arrive."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from making import NOON, event

from attune.collect.event import Commerce, Event, Kind, Product, millis
from attune.features.feature import DAY, HOUR, MINUTE

MONTHS = 200 * DAY
END = millis(NOON)
START = END - MONTHS

CATEGORIES = ("home", "home.light", "éa", "garden", "shoes", "b", "a.one", "a.two")
BRANDS = ("acme", "ütz", "zero", "one", "two")
VISITORS = tuple(f"v{number}" for number in range(40))


def lines(count: int, categories: Sequence[str], seed: int = 7) -> tuple[Product, ...]:
    """Lines of orders: some without category, brand or price, some free, some beyond all bounds.

    Together a history of them stays below 64 bits of micros.
    """
    chance = Random(seed)
    return tuple(
        Product(
            f"p{number % (count * 2 // 3)}",
            chance.choice((*categories, None)),
            chance.choice((*BRANDS, None)),
            chance.choice((None, 0, 1, 999_999, 19_990_000, chance.randrange(10**9), 10**14)),
            chance.choice((1, 1, 1, 2, 7, 200)),
        )
        for number in range(count)
    )


FEW = lines(30, CATEGORIES)
"""No more names of a kind than any feature keeps."""

MANY = lines(90, [f"c{number}" for number in range(40)])

_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
_DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0.0.0 Safari/537.36"
_TABLET = "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Version/18.0 Safari/605.1"
CONTEXTS: tuple[dict[str, Any], ...] = (
    {},
    {"userAgent": _PHONE, "page": {"referrer": "https://www.google.com/search?q=lamp"}},
    {"userAgent": _DESKTOP, "page": {"url": "https://shop.example/"}},
    {"userAgent": _TABLET, "page": {"referrer": "https://blog.example/lamps"}},
    {"device": {"type": "ios"}, "campaign": {"name": "spring", "medium": "email"}},
    {"userAgent": _DESKTOP, "campaign": {"medium": "CPC"}, "page": {"referrer": "https://t.co/a"}},
    {"userAgent": "", "campaign": {"name": "poster"}},
    {"userAgent": 7, "campaign": {}, "device": "none", "page": "none"},
    {"page": {"referrer": "https://l.facebook.com/l.php"}},
)

_COMMERCE = ("viewed", "viewed", "viewed", "added", "added", "removed", "purchased", "refunded")
_CALLS = ("page", "page", "screen", "track", "identify")
_WHAT = _COMMERCE + _CALLS
_REVENUES = (None, None, 0, 1, 25_500_000, 10**16)

# To the millisecond on the bounds of sessions and buckets, where things go wrong; else anywhere.
_AFTER = st.sampled_from(
    (0, 0, 1, 5 * MINUTE - 1, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, HOUR, 6 * HOUR, DAY)
) | st.integers(0, 36 * HOUR)
_BEGINS = st.integers(0, MONTHS // DAY - 3).map(lambda day: START + day * DAY) | st.integers(
    START, END - 3 * DAY
)


def _visit(count: int) -> st.SearchStrategy[tuple[int, list[tuple[Any, ...]]]]:
    what = st.tuples(
        _AFTER,
        st.sampled_from(_WHAT),
        st.lists(st.integers(0, count - 1), max_size=3),
        st.integers(0, 2**16),
    )
    return st.tuples(_BEGINS, st.lists(what, min_size=1, max_size=7))


def histories(products: Sequence[Product] = FEW, most: int = 6) -> st.SearchStrategy[list[Event]]:
    """Up to so many clusters of events, anywhere in half a year, in the order of time."""

    def built(visits: list[tuple[int, list[tuple[Any, ...]]]]) -> list[Event]:
        made = [
            _event(begins + after, act, [products[line] for line in chosen], dice)
            for begins, events in visits
            for after, act, chosen, dice in events
        ]
        return sorted(made, key=lambda one: one.at)

    return st.lists(_visit(len(products)), max_size=most).map(built)


def _event(at: int, what: str, chosen: list[Product], dice: int) -> Event:
    who: dict[str, Any] = {
        "user": VISITORS[dice % len(VISITORS)],
        "at": NOON + timedelta(milliseconds=at - END),
        "session_id": f"s{dice % 5}" if dice % 6 else None,
    }
    if what in _CALLS:
        return event(type=what, context=CONTEXTS[dice % len(CONTEXTS)], **who)
    revenue = _REVENUES[dice % len(_REVENUES)] if what in ("purchased", "refunded") else None
    kind = Kind.TRANSACTIONAL if what in ("purchased", "refunded") else Kind.BEHAVIORAL
    return event(kind=kind, commerce=Commerce(what, tuple(chosen), None, revenue), **who)  # type: ignore[arg-type]


def arriving(events: Sequence[Event], chance: Random, lateness: int | None) -> list[Event]:
    """The events in an order in which none is later than `lateness` (ms) behind a newer one."""
    if lateness is None:
        return chance.sample(list(events), len(events))
    due = [
        (one.at + chance.choice((0, 1, chance.randint(0, lateness), lateness))) for one in events
    ]
    together = [chance.random() for _ in events]  # ties go either way
    order = sorted(range(len(events)), key=lambda i: (due[i], together[i]))
    return [events[i] for i in order]


def split(events: Sequence[Event], chance: Random) -> tuple[list[Event], list[Event]]:
    """Two halves: event by event, or before and after a moment."""
    if chance.random() < 0.3 and events:
        cut = chance.randint(0, len(events))
        return list(events[:cut]), list(events[cut:])
    first, second = [], []
    for one in events:
        (first if chance.random() < 0.5 else second).append(one)
    return first, second


def moments(events: Sequence[Event], chance: Random) -> list[int]:
    """Moments to read at, none before the latest event: at it, on bounds after it, months later."""
    last = max((one.at for one in events), default=END)
    bounds = (5 * MINUTE, HOUR, 6 * HOUR, DAY)
    step = chance.choice(bounds)
    return [
        last,
        last + chance.choice((1, 30 * MINUTE, 30 * MINUTE + 1, *bounds)),
        (last // step + chance.randrange(1, 40)) * step,
        last + chance.randrange(60 * DAY),
    ]
