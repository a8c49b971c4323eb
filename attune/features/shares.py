"""Which of a few known kinds an entity's events are: devices, channels."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.feature import Act, CorruptState, Feature, Field, Value

_MOST_KINDS = 8


class Kinds(NamedTuple):
    """A closed vocabulary, and which of it an event is: a number, or None where it does not say.

    Names may be added at the end; what is stored are their numbers.
    """

    one: str
    names: Sequence[str]
    of: Callable[[Event], int | None]


@lru_cache(maxsize=4096)
def _device_in(agent: str) -> int:
    """Return the kind of device of a user agent.

    "Mobi" is what browsers promise to say on phones (MDN, Browser detection using the user agent);
    Android without it is a tablet.
    """
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobi" not in agent):
        return _TABLET
    return _MOBILE if "Mobi" in agent else _DESKTOP


_DESKTOP, _MOBILE, _TABLET, _APP = range(4)


def _device(event: Event) -> int | None:
    """Return desktop, mobile, tablet or app, from what Segment's SDKs say in `context`."""
    context = event.context
    if not context:
        return None
    if isinstance(context.get("device"), dict) and context["device"].get("type"):
        return _APP  # only SDKs for apps tell: "ios", "android"
    agent = context.get("userAgent")
    return _device_in(agent) if isinstance(agent, str) and agent else None


_DIRECT, _SEARCH, _SOCIAL, _REFERRAL, _EMAIL, _PAID, _CAMPAIGN = range(7)
_PAID_MEDIA = frozenset({"cpc", "ppc", "paid", "paidsearch", "paid_social", "display", "banner"})
_SEARCHES = ("google.", "bing.", "duckduckgo.", "yahoo.", "ecosia.", "baidu.", "yandex.")
_SOCIALS = ("facebook.", "instagram.", "t.co.", "linkedin.", "pinterest.", "tiktok.", "reddit.")
"""Beginnings of hosts after `www.` and the like, each up to a dot; `t.co` is whole."""


@lru_cache(maxsize=4096)
def _referred(address: str) -> int:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # such as "http://[": somebody referred, we cannot say who
        return _REFERRAL
    named = f".{host}."
    if any(f".{name}" in named for name in _SEARCHES):
        return _SEARCH
    return _SOCIAL if any(f".{name}" in named for name in _SOCIALS) else _REFERRAL


def _channel(event: Event) -> int | None:
    """Return where a visit came from: the campaign if there is one, else who referred.

    Only pages say it; an event without a page says nothing.
    """
    context = event.context
    if not context:
        return None
    campaign = context.get("campaign")
    if isinstance(campaign, dict) and campaign:
        medium = str(campaign.get("medium") or "").lower()
        if medium in ("email", "newsletter"):
            return _EMAIL
        return _PAID if medium in _PAID_MEDIA else _CAMPAIGN
    page = context.get("page")
    if not isinstance(page, dict):
        return None
    referrer = page.get("referrer")
    return _referred(referrer) if isinstance(referrer, str) and referrer else _DIRECT


DEVICE = Kinds("device", ("desktop", "mobile", "tablet", "app"), _device)
CHANNEL = Kinds(
    "channel", ("direct", "search", "social", "referral", "email", "paid", "campaign"), _channel
)


@dataclass(frozen=True)
class Shares(Feature[list[int]]):
    """The most frequent kind, and its share of all events that say one, over all time.

    Pages and screens are what every SDK sends of itself, so those are asked, not every click.

    Raises:
        ConfigurationError: there are more kinds than a state can hold.
    """

    kinds: Kinds = DEVICE
    acts: frozenset[Act] = frozenset({"page", "screen"})

    def __post_init__(self) -> None:
        """Check what the layout bounds: which kinds occur is one byte."""
        if len(self.kinds.names) > _MOST_KINDS:
            raise ConfigurationError(f"{self.kinds.one} has more than {_MOST_KINDS} kinds")

    @property
    def fields(self) -> tuple[Field, ...]:
        """Null where no event says any."""
        one = self.kinds.one
        names = ", ".join(self.kinds.names)
        return (
            Field(one, "string", f"The most frequent {one}: {names}"),
            Field(f"{one}_share", "float64", f"Its share of the events that say a {one}", "0 to 1"),
        )

    def empty(self) -> list[int]:
        """Nothing said; the state counts each kind."""
        return [0] * len(self.kinds.names)

    def update(self, state: list[int], event: Event, at: int) -> list[int]:  # noqa: ARG002 - ageless
        """Count the kind of the event."""
        kind = self.kinds.of(event)
        if kind is not None:
            state[kind] += 1
        return state

    def merge(self, ours: list[int], theirs: list[int]) -> list[int]:
        """Add."""
        return list(map(int.__add__, ours, theirs))

    def read(self, state: list[int], now: int) -> tuple[Value, ...]:  # noqa: ARG002 - ageless
        """The first named wins a tie."""
        total = sum(state)
        if not total:
            return None, None
        most = state.index(max(state))
        return self.kinds.names[most], state[most] / total

    def pack(self, state: list[int]) -> bytes:
        """A mask of the kinds that occur, and a byte or four of each."""
        held = [n for n in state if n]
        if not held:
            return b""
        mask = sum(1 << kind for kind, n in enumerate(state) if n)
        if max(held) < 256:  # noqa: PLR2004 - a byte
            return bytes((mask, *held))
        return struct.pack(f"<B{len(held)}I", mask, *held)

    def unpack(self, raw: bytes) -> list[int]:
        """As packed."""
        mask = raw[0]
        count = mask.bit_count()
        if len(raw) == 1 + count:
            held = iter(raw[1:])
        elif len(raw) == 1 + 4 * count:
            held = iter(struct.unpack_from(f"<{count}I", raw, 1))
        else:
            raise CorruptState(f"{len(raw)} bytes of {count} kinds")
        state = [next(held) if mask >> kind & 1 else 0 for kind in range(len(self.kinds.names))]
        if next(held, None) is not None or not all(
            state[k] for k in range(len(state)) if mask >> k & 1
        ):
            raise CorruptState("a kind that is not known here")
        return state
