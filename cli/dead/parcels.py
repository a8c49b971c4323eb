"""What is sent again: each message once, whole, and only if it can be read now."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from attune.collect.event import decode, encode
from attune.dead import DeadLetter, Filed, Parcel
from attune.errors import ConfigurationError, Poison
from attune.stream import Position, topic_of

Fetch = Callable[[Position], Awaitable[bytes | None]]


@dataclass(slots=True)
class Parcels:
    """What can be sent again, and why the rest cannot."""

    ready: list[Parcel] = field(default_factory=list)
    left: list[tuple[Filed, str]] = field(default_factory=list)


async def as_they_are(filed: Iterable[Filed], fetch: Fetch) -> Parcels:
    """Return each message under its own key, once for all consumers that put it aside.

    What still cannot be read would only be put aside again: it is left. `fetch` returns a message
    from where it lies, if its letter does not hold all of it.
    """
    parcels = Parcels()
    for letters in _by_message(filed):
        try:
            parcels.ready.append(await _as_it_is(letters, fetch))
        except Poison as poison:
            parcels.left += [(one, str(poison)) for one in letters]
    return parcels


async def _as_it_is(letters: list[Filed], fetch: Fetch) -> Parcel:
    letter = letters[0].letter
    value, key = letter.value, letter.key
    if not letter.whole:
        whole = await fetch(letter.position)
        if whole is None or not whole.startswith(letter.value):
            raise Poison("too large for its letter, and Kafka no longer keeps the message itself")
        value = whole
    event = decode(value)
    if not letter.whole:  # the key was shortened too
        key = event.profile.encode()
    return Parcel(letter.topic, key, value, letters)


def _by_message(filed: Iterable[Filed]) -> Iterable[list[Filed]]:
    """Group letters of one message, in the order in which the messages lay."""
    found: dict[tuple[Position, bytes], list[Filed]] = {}
    for one in sorted(filed, key=lambda one: one.letter.position):
        found.setdefault((one.letter.position, one.letter.value), []).append(one)
    return found.values()


def mended(filed: Filed, raw: bytes) -> Parcel:
    """Return a mended message, where the collector would put it: it may be another visitor's now.

    Raises:
        ConfigurationError: it is no event yet.
    """
    try:
        event = decode(raw)
    except Poison as poison:
        raise ConfigurationError(
            f"the mended message is no event: {poison}. Nothing was sent"
        ) from poison
    return Parcel(topic_of(event), event.profile.encode(), encode(event), [filed], mended=True)


def said_of(letter: DeadLetter) -> str:
    """Return where a message lay, as people read it."""
    return f"{letter.topic}/{letter.partition} at {letter.offset:,}"
