"""The canonical event: what every dialect becomes, and what Kafka carries as JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, field

from attune.collect.sealed import EMPTY, Opening, is_object
from attune.errors import Poison
from attune.ids import ProfileId, profile_of

VERSION = 1
"""Of the JSON form. A new version adds a decoder; the old ones stay (tests/golden/events)."""

CallType = Literal["track", "identify", "page", "screen", "group", "alias"]
CommerceAction = Literal["viewed", "added", "removed", "purchased", "refunded"]

# The collector refuses what is outside these bounds with a remedy; they stand here because others
# may write to the topics too, and a feature must never see what it cannot take.
Text = Annotated[str, Meta(max_length=255)]
MessageText = Annotated[str, Meta(max_length=1_000)]
Micros = Annotated[int, Meta(ge=0, le=10**18)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]

Moment = Annotated[datetime, Meta(tz=True)]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """Which topic an event goes to: what the visitor did, paid for, or is."""

    BEHAVIORAL = "behavioral"
    TRANSACTIONAL = "transactional"
    CONTEXTUAL = "contextual"


# What comes of JSON has no cycles: none of these is the garbage collector's.
class Product(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a commerce event.

    Prices are integers of 1e-6 currency units, so that sums are exact in any order.
    """

    id: Text
    category: Text | None = None
    brand: Text | None = None
    price_micros: Micros | None = None
    quantity: Quantity = 1


class Commerce(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The typed payload of the known events of Segment's e-commerce specification."""

    action: CommerceAction
    products: Annotated[tuple[Product, ...], Meta(max_length=100)] = ()
    order_id: Text | None = None
    revenue_micros: Micros | None = None
    currency: Text | None = None


class Exposure(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A visitor saw what was decided: the typed payload of the track event `Content Shown`."""

    decision_id: str
    slot: str
    block: str


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What happened, once. Segment's names in snake case; times are UTC.

    `timestamp` is when it happened, corrected for the sender's clock and never later than
    `received_at`. `kind` says which topic carries it. `commerce` and `exposure` are typed
    payloads of known track events; everything else stays in `properties`, which like `context` is
    parsed when it is asked for.
    """

    id: MessageText
    type: CallType
    kind: Kind
    timestamp: Moment
    received_at: Moment
    source: str
    user_id: Text | None = None
    anonymous_id: Text | None = None
    session_id: Text | None = None
    name: Text | None = None
    previous_id: str | None = None
    group_id: str | None = None
    commerce: Commerce | None = None
    exposure: Exposure | None = None
    traits: dict[str, Any] = {}
    sealed_properties: Raw = field(default=EMPTY, name="properties")
    sealed_context: Raw = field(default=EMPTY, name="context")
    v: int = VERSION

    @property
    def properties(self) -> Mapping[str, Any]:
        """What the sender said of it beyond the typed payloads."""
        return _properties(self.sealed_properties)

    @property
    def context(self) -> Mapping[str, Any]:
        """What the sender's SDK said of device, page and campaign."""
        return _context(self.sealed_context)

    @property
    def profile(self) -> ProfileId:
        """The profile it belongs to: the Kafka key."""
        return profile_of(self.user_id, self.anonymous_id)

    @property
    def at(self) -> int:
        """`timestamp` in milliseconds since 1970: the clock of every feature."""
        return millis(self.timestamp)


_properties, _context = Opening(), Opening()


def millis(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware datetime, rounded down."""
    gap = moment - EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1000 + gap.microseconds // 1000


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the JSON that Kafka carries."""
    return _encoder.encode(event)


def decode(raw: bytes) -> Event:
    """Return the event in a Kafka message; one from the future happened when it was received.

    Raises:
        Poison: not an event of a version we know, or one without an id of a visitor.
    """
    try:
        event = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _at_fault(str(error)) from error
    except msgspec.DecodeError as error:
        raise Poison(str(error)) from error
    if event.v != VERSION:
        raise Poison(f"version {event.v} is not known here", field="v")
    if not (event.user_id or event.anonymous_id):
        raise Poison("no user_id and no anonymous_id", field="user_id")
    _check_sealed(raw, event)
    happened, received = event.timestamp, event.received_at
    if happened < EPOCH:
        raise Poison("before 1970", field="timestamp")
    if happened > received:  # it would keep windows waiting for that moment
        return msgspec.structs.replace(event, timestamp=received)
    return event


def _check_sealed(raw: bytes, event: Event) -> None:
    """See that what is not parsed now can be parsed.

    Raises:
        Poison: it cannot.
    """
    if not is_object(event.sealed_properties):
        raise Poison("Expected `object`", field="properties")
    if not is_object(event.sealed_context):
        raise Poison("Expected `object`", field="context")
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            raise Poison(str(error)) from error


def _at_fault(told: str) -> Poison:
    """Return what msgspec tells, ``Expected `int` >= 0 - at `$.commerce.x` ``, by its field."""
    reason, _, path = told.partition(" - at `$.")
    return Poison(reason, field=path.removesuffix("`"))
