"""What is sent again: each message once, whole, and only if it can be read now."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
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
    value = await whole(letter, fetch)
    event = decode(value)
    key = letter.key if letter.whole else event.profile.encode()  # that was shortened too
    return Parcel(letter.topic, key, value, letters)


async def whole(letter: DeadLetter, fetch: Fetch) -> bytes:
    """Return all of a message, from where it lies if its letter does not hold it.

    Raises:
        Poison: Kafka no longer keeps it.
    """
    if letter.whole:
        return letter.value
    found = await fetch(letter.position)
    if found is None or not found.startswith(letter.value):
        raise Poison("too large for its letter, and Kafka no longer keeps the message itself")
    return found


def _by_message(filed: Iterable[Filed]) -> Iterable[list[Filed]]:
    """Group letters of one message, in the order in which the messages lay."""
    found: dict[tuple[Position, bytes], list[Filed]] = {}
    for one in sorted(filed, key=lambda one: one.letter.position):
        found.setdefault((one.letter.position, one.letter.value), []).append(one)
    return found.values()


def of_message(filed: Filed, letters: Iterable[Filed]) -> list[Filed]:
    """Return a letter, and those of other consumers on the same message that nobody resent yet."""
    same = filed.letter.position, filed.letter.value
    others = (one for one in letters if (one.letter.position, one.letter.value) == same)
    return [filed, *(one for one in others if one.id != filed.id and not one.resent)]


def mended(letters: Sequence[Filed], raw: bytes) -> Parcel:
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
    return Parcel(topic_of(event), event.profile.encode(), encode(event), letters, mended=True)


def said_of(letter: DeadLetter) -> str:
    """Return where a message lay, as people read it."""
    return f"{letter.topic}/{letter.partition} at {letter.offset:,}"
