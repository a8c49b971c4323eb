"""Segment's calls, as the clients of Segment and RudderStack send them, become events.

Nothing here reads a clock or draws an id: both come with the `Arrival`. What the canonical event
has no place for (`integrations`, `_metadata`, `version`) only tells Segment's own servers where
to forward a call, and is left behind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from attune.collect.call import MAX_MESSAGE_ID, Batch, Call, message_id_in, read_batch, read_call
from attune.collect.commerce import commerce_of, exposure_of, kind_of
from attune.collect.event import CallType, Event, Kind
from attune.collect.fields import refuse, required, text
from attune.collect.sealed import sealed
from attune.collect.skew import happened_at
from attune.errors import BadRequest, InvalidEvent, TooLarge
from attune.ids import ANONYMOUS

MAX_PROPERTIES = 300
"""Of an event, and traits of a profile; Segment's limit."""

_TYPES: tuple[CallType, ...] = get_args(CallType)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What we know of a request that its body does not say."""

    source: str
    received_at: datetime
    new_id: Callable[[], str]
    """Names an event whose sender did not."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A call of a batch that can never be accepted."""

    index: int
    message_id: str | None
    error: BadRequest


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """The events of a batch in its order, and the calls that are none."""

    events: tuple[Event, ...]
    rejected: tuple[Rejected, ...]


def parse_call(raw: bytes, call_type: CallType, arrival: Arrival) -> Event:
    """Return the event of one call that was sent to the path of its type.

    Raises:
        InvalidEvent: it can never be accepted.
    """
    return event_of(read_call(raw), call_type, arrival)


def parse_batch(raw: bytes, arrival: Arrival, max_event_bytes: int) -> ParsedBatch:
    """Return the events of a batch; a call that is none costs the others nothing.

    Raises:
        BadRequest: the body is not JSON, or not a batch.
    """
    return events_of(read_batch(raw), arrival, max_event_bytes)


def events_of(batch: Batch, arrival: Arrival, max_event_bytes: int) -> ParsedBatch:
    """Return the events of a batch, and which of its calls are none."""
    events: list[Event] = []
    rejected: list[Rejected] = []
    for index, element in enumerate(batch.batch):
        raw = bytes(element)
        try:
            events.append(_event_in(raw, batch, arrival, max_event_bytes))
        except BadRequest as error:
            rejected.append(Rejected(index, message_id_in(raw), error))
    return ParsedBatch(tuple(events), tuple(rejected))


def event_of(call: Call, call_type: CallType, arrival: Arrival) -> Event:
    """Return the event that the call tells of.

    Raises:
        InvalidEvent: it can never be accepted.
    """
    if call.type not in (None, "", call_type):
        remedy = f"leave it out, or send the call to /v1/{call.type}"
        refuse(call.type, "type", f"is not {call_type}, as the path says", remedy)
    properties = _bounded(call.properties, "properties")
    context = _context(call)
    anonymous_id = text(call.anonymous_id, "anonymousId")
    name = _name(call, call_type, properties)
    known = name if call_type == "track" and name else ""
    return Event(
        id=text(call.message_id, "messageId", MAX_MESSAGE_ID) or arrival.new_id(),
        type=call_type,
        kind=_kind(call_type, name),
        timestamp=happened_at(
            call.original_timestamp or call.timestamp, call.sent_at, arrival.received_at
        ),
        received_at=arrival.received_at,
        source=arrival.source,
        user_id=_user_id(call, call_type, anonymous_id),
        anonymous_id=anonymous_id,
        session_id=_session_id(context, properties),
        name=name,
        previous_id=_previous_id(call, anonymous_id) if call_type == "alias" else None,
        group_id=required(call.group_id, "groupId") if call_type == "group" else None,
        commerce=commerce_of(known, properties),
        exposure=exposure_of(known, properties),
        traits=_bounded(call.traits, "traits"),
        sealed_properties=sealed(properties),
        sealed_context=sealed(context),
    )


def _event_in(raw: bytes, batch: Batch, arrival: Arrival, max_event_bytes: int) -> Event:
    if len(raw) > max_event_bytes:
        raise TooLarge(
            f"the event has {len(raw):,} bytes", remedy=f"send at most {max_event_bytes:,} bytes"
        )
    call = read_call(raw)
    call.sent_at = call.sent_at or batch.sent_at
    return event_of(call, _call_type(call), arrival)


def _call_type(call: Call) -> CallType:
    for known in _TYPES:
        if call.type == known:
            return known
    return refuse(call.type, "type", "is not a type of call", f"send one of {', '.join(_TYPES)}")


def _name(call: Call, call_type: CallType, properties: dict[str, Any]) -> str | None:
    """Return the event's name of a track call, the page's or screen's of those.

    A page's category has no field of its own: it goes where a track call has it.
    """
    if call_type == "track":
        return required(call.event, "event")
    if call_type not in ("page", "screen"):
        return None
    if call.category:
        properties.setdefault("category", call.category)
    return call.name or None


def _kind(call_type: CallType, name: str | None) -> Kind:
    if call_type == "track" and name:
        return kind_of(name)
    return Kind.BEHAVIORAL if call_type in ("page", "screen") else Kind.CONTEXTUAL


def _user_id(call: Call, call_type: CallType, anonymous_id: str | None) -> str | None:
    user_id = text(call.user_id, "userId")
    if user_id is None:
        if call_type == "alias":
            return required(None, "userId")
        if anonymous_id is None:
            raise InvalidEvent(
                "the event has neither userId nor anonymousId",
                field="userId",
                remedy="send at least one of the two",
            )
    return _unreserved(user_id, "userId")


def _previous_id(call: Call, anonymous_id: str | None) -> str | None:
    """Return who the user was; a browser that says nothing means its anonymous visitor."""
    previous = text(call.previous_id, "previousId") or anonymous_id
    return _unreserved(required(previous, "previousId"), "previousId")


def _unreserved(user_id: str | None, field: str) -> str | None:
    """Return the id if it cannot be taken for the profile of an anonymous visitor."""
    if user_id is not None and user_id.startswith(ANONYMOUS):
        remedy = f"send an id that does not begin with {ANONYMOUS}"
        refuse(user_id, field, f"begins with {ANONYMOUS}, which is reserved", remedy)
    return user_id


def _bounded(found: dict[str, Any] | None, field: str) -> dict[str, Any]:
    if found is None:
        return {}
    if len(found) > MAX_PROPERTIES:
        raise InvalidEvent(
            f"{field} has {len(found)} entries",
            field=field,
            remedy=f"send at most {MAX_PROPERTIES}",
        )
    return found


def _context(call: Call) -> dict[str, Any]:
    context = call.context or {}
    if call.channel:
        context.setdefault("channel", call.channel)
    return context


def _session_id(context: dict[str, Any], properties: dict[str, Any]) -> str | None:
    """Return the visit's id where the sender keeps one: RudderStack and GA4 name it in `context`.

    Shops with sessions of their own send it as a property.
    """
    return (
        text(context.get("sessionId"), "context.sessionId")
        or text(context.get("session_id"), "context.session_id")
        or text(properties.get("session_id"), "properties.session_id")
    )
