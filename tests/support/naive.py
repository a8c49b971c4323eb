"""Every feature once more, over all events and without a state: written from the definitions.

Slow, plain and exact (fractions until the end). Nothing here calls a feature.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import mmh3

from attune.collect.event import Event, Product

Values: TypeAlias = tuple[Any, ...]
Pick: TypeAlias = Callable[[Event], Iterable[str]]

MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000
THERE = ("viewed", "added", "removed", "purchased", "refunded", "track", "page", "screen")


def act(event: Event) -> str:
    return event.commerce.action if event.commerce else event.type


def products(event: Event) -> Sequence[Product]:
    return event.commerce.products if event.commerce else ()


def categories(event: Event) -> list[str]:
    return [line.category for line in products(event) if line.category]


def brands(event: Event) -> list[str]:
    return [line.brand for line in products(event) if line.brand]


def items(event: Event) -> list[str]:
    return [line.id for line in products(event)]


def visitor(event: Event) -> list[str]:
    return [event.profile]


def money(event: Event) -> int:
    """What an order is worth in micros: as told, or else what its lines add up to."""
    if event.commerce is None:
        return 0
    if event.commerce.revenue_micros is not None:
        return event.commerce.revenue_micros
    return sum((line.price_micros or 0) * line.quantity for line in event.commerce.products)


def of_acts(events: Iterable[Event], *acts: str) -> list[Event]:
    return [event for event in events if act(event) in acts]


class Windows:
    """`columns`: (name, acts, amount or None); `windows`: name -> (step, buckets)."""

    def __init__(
        self,
        columns: Sequence[tuple[str, Sequence[str], Callable[[Event], int] | None]],
        windows: Mapping[str, tuple[int, int]],
        *,
        per: int = 1_000_000,
        hidden: Sequence[str] = (),
        decays: Sequence[tuple[Mapping[str, int], str, int, float | None]] = (),
        ratios: Sequence[tuple[tuple[str, str], tuple[str, str], float]] = (),
    ) -> None:
        self.columns = {name: (acts, amount) for name, acts, amount in columns}
        self.windows = windows
        self.per = per
        self.hidden = hidden
        self.decays = decays
        self.ratios = ratios

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        values: list[Any] = []
        for name, (_, amount) in self.columns.items():
            if name not in self.hidden:
                held = [self.total(events, now, name, window) for window in self.windows]
                values += [float(Fraction(n, self.per)) for n in held] if amount else held
        values += [self.decayed(events, now, *decay) for decay in self.decays]
        for over, under, times in self.ratios:
            lower = self.total(events, now, *under)
            upper = self.total(events, now, *over)
            values.append(float(Fraction(times) * Fraction(upper, lower)) if lower else None)
        return tuple(values)

    def amounts(
        self, events: Sequence[Event], now: int, column: str, window: str
    ) -> list[tuple[int, int]]:
        """(age in buckets, amount) of each event that the window covers."""
        acts, amount = self.columns[column]
        step, span = self.windows[window]
        ages = [(now // step - event.at // step, event) for event in of_acts(events, *acts)]
        return [(age, amount(event) if amount else 1) for age, event in ages if 0 <= age < span]

    def total(self, events: Sequence[Event], now: int, column: str, window: str) -> int:
        return sum(amount for _, amount in self.amounts(events, now, column, window))

    def decayed(  # noqa: PLR0917 - a decay, written out
        self,
        events: Sequence[Event],
        now: int,
        points: Mapping[str, int],
        window: str,
        half_life: int,
        scale: float | None,
    ) -> float:
        step, _ = self.windows[window]
        total = math.fsum(
            points[column] * amount * math.pow(2.0, -age * step / half_life)
            for column in points
            for age, amount in self.amounts(events, now, column, window)
        )
        return total if scale is None else 100 * (1 - math.exp(-max(total, 0.0) / scale))


class Sessions:
    def __init__(self, gap: int = 30 * MINUTE, acts: Sequence[str] = THERE) -> None:
        self.gap = gap
        self.acts = acts

    def runs(self, events: Sequence[Event]) -> list[list[int]]:
        runs: list[list[int]] = []
        for at in sorted(event.at for event in of_acts(events, *self.acts)):
            if runs and at - runs[-1][-1] <= self.gap:
                runs[-1].append(at)
            else:
                runs.append([at])
        return runs

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        runs = self.runs(events)
        current = [run for run in runs if now - run[-1] <= self.gap]
        ended = [run for run in runs if now - run[-1] > self.gap]
        seconds = float(Fraction(current[0][-1] - current[0][0], 1000)) if current else 0.0
        depth = len(current[0]) if current else 0
        if not ended:
            return seconds, depth, len(runs), None, None
        length = Fraction(sum(run[-1] - run[0] for run in ended), 1000 * len(ended))
        bounced = Fraction(sum(len(run) == 1 for run in ended), len(ended))
        return seconds, depth, len(runs), float(length), float(bounced)


def purchases(events: Sequence[Event], now: int) -> Values:
    orders, refunds = of_acts(events, "purchased"), of_acts(events, "refunded")
    total = Fraction(sum(map(money, orders)) - sum(map(money, refunds)), 1_000_000)
    if not orders:
        return None, 0, float(total), None
    age = Fraction(now - max(order.at for order in orders), DAY)
    return float(age), len(orders), float(total), float(total / len(orders))


class Latest:
    def __init__(
        self,
        names: Pick,
        keep: int = 5,
        acts: Sequence[str] = ("viewed", "added", "purchased"),
    ) -> None:
        self.names = names
        self.keep = keep
        self.acts = acts

    def __call__(self, events: Sequence[Event], _: int) -> Values:
        seen: dict[str, int] = {}
        for event in of_acts(events, *self.acts):
            for name in self.names(event):
                seen[name] = max(seen.get(name, 0), event.at // 1000)
        return (sorted(seen, key=lambda name: (-seen[name], name))[: self.keep],)


class Affinity:
    def __init__(
        self,
        names: Pick,
        *,
        top: int = 3,
        last: int = 5,
        half_life: int = 7 * DAY,
        span: int = 4,
        points: Mapping[str, int] | None = None,
    ) -> None:
        self.names = names
        self.top = top
        self.last = last
        self.half_life = half_life
        self.span = span
        self.points = points or {"viewed": 1, "added": 3, "purchased": 5}

    def covered(self, events: Sequence[Event]) -> list[Event]:
        """Those that name something and are less than `span` half-lives older than the newest."""
        said = [event for event in of_acts(events, *self.points) if self.names(event)]
        newest = max((event.at // self.half_life for event in said), default=0)
        return [event for event in said if newest - event.at // self.half_life < self.span]

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        covered = self.covered(events)
        newest = max((event.at // self.half_life for event in covered), default=0)
        liked: defaultdict[str, Fraction] = defaultdict(Fraction)
        for event in covered:
            age = newest - event.at // self.half_life
            for name in self.names(event):
                liked[name] += self.points[act(event)] * Fraction(1, 2**age)
        best = sorted(liked, key=lambda name: (-liked[name], name))[: self.top]
        shares = [float(liked[name] / sum(liked.values())) for name in best]
        if not self.last:
            return best, shares
        (last,) = Latest(self.names, self.last, tuple(self.points))(covered, now)
        return last, best, shares


class Cart:
    """`keep` is not told: exact for carts of fewer moves."""

    def __init__(self, idle: int = HOUR, forget: int = 30 * DAY) -> None:
        self.idle = idle
        self.forget = forget

    def moves(self, events: Sequence[Event]) -> list[tuple[int, str, int, int]]:
        """(time, product, quantity, price) since the latest order, at most `forget` old."""
        ordered = max((order.at for order in of_acts(events, "purchased")), default=0)
        moves = [
            (
                event.at,
                line.id,
                line.quantity if act(event) == "added" else -line.quantity,
                line.price_micros or 0,
            )
            for event in of_acts(events, "added", "removed")
            for line in products(event)
            if event.at > ordered
        ]
        newest = max((at for at, *_ in moves), default=0)
        return [move for move in moves if newest - move[0] <= self.forget]

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        moves = self.moves(events)
        pieces: Counter[str] = Counter()
        prices: dict[str, int] = {}
        for _, item, quantity, price in sorted(moves, key=lambda move: (move[0], move[2], move[3])):
            pieces[item] += quantity
            if quantity > 0:
                prices[item] = price
        held = {item: count for item, count in pieces.items() if count > 0}
        newest = max((at for at, *_ in moves), default=0)
        if not held or now - newest > self.forget:
            return 0, 0.0, None, 0
        worth = Fraction(sum(count * prices[item] for item, count in held.items()), 1_000_000)
        minutes = Fraction(now - newest, MINUTE)
        return sum(held.values()), float(worth), float(minutes), int(now - newest > self.idle)


def price_sensitivity(events: Sequence[Event], _: int) -> Values:
    def mean(*acts: str) -> Fraction | None:
        prices = [
            line.price_micros
            for event in of_acts(events, *acts)
            for line in products(event)
            if line.price_micros is not None
        ]
        return Fraction(sum(prices), len(prices)) if prices else None

    viewed, taken = mean("viewed"), mean("added")
    if viewed is None:
        return None, None
    ratio = float(taken / viewed) if taken is not None and viewed else None
    return float(viewed / 1_000_000), ratio


class Shares:
    """`kind` says of an event which it is, or None."""

    def __init__(
        self,
        kinds: Sequence[str],
        kind: Callable[[Event], str | None],
        acts: Sequence[str] = ("page", "screen"),
    ) -> None:
        self.kinds = kinds
        self.kind = kind
        self.acts = acts

    def __call__(self, events: Sequence[Event], _: int) -> Values:
        said = [self.kind(event) for event in of_acts(events, *self.acts)]
        counts = Counter(kind for kind in said if kind is not None)
        if not counts:
            return None, None
        best = min(counts, key=lambda kind: (-counts[kind], self.kinds.index(kind)))
        return best, float(Fraction(counts[best], counts.total()))


def device(event: Event) -> str | None:
    told = event.context.get("device")
    if isinstance(told, dict) and told.get("type"):
        return "app"
    agent = event.context.get("userAgent")
    if not isinstance(agent, str) or not agent:
        return None
    for kind, marks in (("tablet", ("iPad",)), ("mobile", ("Mobi",))):
        if any(mark in agent for mark in marks):
            return kind
    return "desktop"


def channel(event: Event) -> str | None:
    """Of the contexts of `past` alone: written out, not worked out."""
    campaign = event.context.get("campaign")
    if campaign:
        return {"email": "email", "CPC": "paid"}.get(campaign.get("medium"), "campaign")
    page = event.context.get("page")
    if not isinstance(page, dict):
        return None
    referrer = page.get("referrer")
    if not referrer:
        return "direct"
    if "google" in referrer:
        return "search"
    return "social" if "facebook" in referrer else "referral"


class HourOfWeek:
    def __init__(self, hours: int = 4, acts: Sequence[str] = THERE) -> None:
        self.hours = hours
        self.acts = acts

    def __call__(self, events: Sequence[Event], _: int) -> Values:
        there = of_acts(events, *self.acts)
        if not there:
            return None, None
        slots = Counter(
            (event.timestamp.weekday() * 24 + event.timestamp.hour) // self.hours * self.hours
            for event in there
        )
        best = min(slots, key=lambda slot: (-slots[slot], slot))
        return best, float(Fraction(slots[best], len(there)))


class FirstAndLast:
    def __init__(self, *acts: str) -> None:
        self.acts = acts or THERE

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        times = [event.at for event in of_acts(events, *self.acts)]
        if not times:
            return None, None
        return float(Fraction(now - min(times), DAY)), float(Fraction(now - max(times), DAY))


class Distinct:
    def __init__(
        self,
        names: Pick,
        window: tuple[int, int] = (HOUR, 24),
        most: int | None = 200,
        acts: Sequence[str] = ("viewed",),
    ) -> None:
        self.names = names
        self.window = window
        self.most = most
        self.acts = acts

    def seen(self, events: Sequence[Event], now: int) -> set[str]:
        step, span = self.window
        covered = [e for e in of_acts(events, *self.acts) if 0 <= now // step - e.at // step < span]
        return {name for event in covered for name in self.names(event)}

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        count = len(self.seen(events, now))
        return (count if self.most is None else min(count, self.most),)


class Sketch:
    """A HyperLogLog of what the window holds now, made anew each time."""

    def __init__(
        self,
        names: Pick,
        window: tuple[int, int] = (HOUR, 24),
        precision: int = 8,
        acts: Sequence[str] = ("viewed",),
    ) -> None:
        self.exact = Distinct(names, window, None, acts)
        self.precision = precision

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        return (estimate(self.exact.seen(events, now), self.precision),)


def estimate(names: Iterable[str], precision: int = 8) -> float:
    """Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007, figure 3, of 32-bit hashes."""
    registers = [0] * 2**precision
    for name in names:
        bits = f"{mmh3.hash(name, signed=False):032b}"
        index, rest = int(bits[:precision], 2), bits[precision:]
        rank = rest.index("1") + 1 if "1" in rest else len(rest) + 1
        registers[index] = max(registers[index], rank)
    size = len(registers)
    raw = 0.7213 / (1 + 1.079 / size) * size**2 / sum(2.0**-rank for rank in registers)
    empty = registers.count(0)
    return size * math.log(size / empty) if raw <= 2.5 * size and empty else raw


class Buyers:
    """All buyers together; of more than `most` those with the smallest hashes."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most

    def __call__(self, events: Sequence[Event], now: int) -> Values:
        told: defaultdict[int, list[Event]] = defaultdict(list)
        for event in of_acts(events, "purchased", "refunded"):
            told[mmh3.hash(event.profile, signed=False)].append(event)
        kept = sorted(told)[: self.most]
        found = [
            (
                float(Fraction(now - max(e.at // 1000 * 1000 for e in orders), DAY)),
                float(len(orders)),
                purchases(told[hashed], now)[2],
            )
            for hashed in kept
            if (orders := of_acts(told[hashed], "purchased"))
        ]
        count = float(len(found))
        if len(kept) == self.most:
            count *= 2**32 / (kept[-1] + 1)
        bounds = [sorted(values) for values in zip(*found, strict=True)] or [[], [], []]
        return count, *(self._fifths(values) for values in bounds)

    @staticmethod
    def _fifths(ordered: Sequence[float]) -> list[float]:
        ranks = [math.ceil(Fraction(len(ordered) * i, 5)) for i in (1, 2, 3, 4)]
        return [ordered[rank - 1] for rank in ranks] if ordered else []


def visit(events: Sequence[Event], _: int) -> Values:
    there = of_acts(events, *THERE)
    counts = Counter(map(act, there))
    orders = of_acts(events, "purchased")
    times = [event.at for event in there] or [0]
    return (
        float(Fraction(max(times) - min(times), 1000)),
        len(there),
        counts["page"] + counts["screen"],
        counts["viewed"],
        counts["added"],
        len(orders),
        float(Fraction(sum(map(money, orders)), 1_000_000)),
        int(len(there) == 1),
    )
