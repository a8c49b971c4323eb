"""Stop 1 over HTTP: Segment's paths, which its SDKs and RudderStack's call as they are."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.http import JSON, Handler, Request, Response, Routes, reply
from attune.collect.call import read_batch, read_call
from attune.collect.event import CallType
from attune.collect.segment import Arrival, ParsedBatch, Rejected, event_of, events_of
from attune.errors import BadRequest, UnknownKey
from attune.ports import EventLog
from attune.settings import Collect
from attune.telemetry import ACCEPTED, REJECTED

# The short forms are analytics-next's, Segment's SDK for browsers.
_PATHS: dict[CallType, tuple[str, str]] = {
    "track": ("/v1/track", "/v1/t"),
    "identify": ("/v1/identify", "/v1/i"),
    "page": ("/v1/page", "/v1/p"),
    "screen": ("/v1/screen", "/v1/s"),
    "group": ("/v1/group", "/v1/g"),
    "alias": ("/v1/alias", "/v1/a"),
}
_BATCH_PATHS = ("/v1/batch", "/v1/b")
_NO_SOURCE = "unknown"  # of a request without a write key of ours
_ACCEPTED = Response(200, b'{"success":true}', JSON)


@dataclass(frozen=True, slots=True)
class Collector:
    """Takes calls in: whoever gets a 2xx has the acknowledgement of the event log."""

    log: EventLog
    settings: Collect
    clock: Callable[[], datetime]
    """Returns now, in UTC."""
    new_id: Callable[[], str]

    async def call(self, request: Request, call_type: CallType) -> Response:
        """Take in the one call of the body."""
        source = None
        try:
            source = self._source_in_header(request)
            call = read_call(await request.body(self.settings.max_event_bytes))
            source = source or self._source(call.write_key)
            event = event_of(call, call_type, self._arrival(source))
        except BadRequest as error:
            _count_refused(source, error)
            raise
        await self.log.append((event,))
        ACCEPTED.labels(source).inc()
        return _ACCEPTED

    async def batch(self, request: Request) -> Response:
        """Take in the calls of the body that can be, and name the others."""
        source = None
        try:
            source = self._source_in_header(request)
            batch = read_batch(await request.body(self.settings.max_batch_bytes))
            source = source or self._source(batch.write_key)
        except BadRequest as error:
            _count_refused(source, error)
            raise
        parsed = events_of(batch, self._arrival(source), self.settings.max_event_bytes)
        for rejected in parsed.rejected:
            _count_refused(source, rejected.error)
        if parsed.events:
            await self.log.append(parsed.events)
            ACCEPTED.labels(source).inc(len(parsed.events))
        return _outcome(parsed)

    def _arrival(self, source: str) -> Arrival:
        return Arrival(source=source, received_at=self.clock(), new_id=self.new_id)

    def _source_in_header(self, request: Request) -> str | None:
        """Return the source whose key is in the Authorization header, None where there is none.

        A wrong key is refused before the body is read.
        """
        header = request.header(b"authorization")
        return self._source(_key_in(header)) if header else None

    def _source(self, write_key: str | None) -> str:
        source = self.settings.write_keys.get(write_key or "")
        if source is None:
            raise UnknownKey(
                "the write key is not known here" if write_key else "there is no write key",
                field="writeKey",
                value=write_key or "",
                remedy="send a key of ATTUNE_COLLECT__WRITE_KEYS as the user name of Basic "
                "authorization, as Bearer token, or as writeKey in the body",
            )
        return source


def routes(
    log: EventLog,
    settings: Collect,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
) -> Routes:
    """Return the collector's paths; `clock` returns now in UTC, `new_id` a new message id."""
    collector = Collector(log, settings, clock, new_id)
    handlers = {
        ("POST", path): _taking(collector, call_type)
        for call_type, paths in _PATHS.items()
        for path in paths
    }
    return handlers | {("POST", path): collector.batch for path in _BATCH_PATHS}


def _taking(collector: Collector, call_type: CallType) -> Handler:
    async def take(request: Request) -> Response:
        return await collector.call(request, call_type)

    return take


def _count_refused(source: str | None, error: BadRequest) -> None:
    REJECTED.labels(source or _NO_SOURCE, error.code).inc()


def _key_in(header: bytes) -> str:
    """Return the write key in an Authorization header, "" where it holds none."""
    scheme, _, credentials = header.decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _outcome(parsed: ParsedBatch) -> Response:
    body: dict[str, object] = {
        "success": True,
        "accepted": len(parsed.events),
        "rejected": [_rejection(rejected) for rejected in parsed.rejected],
    }
    if parsed.events or not parsed.rejected:
        return reply(200, body)
    error = {
        "code": "nothing_accepted",
        "message": "no event of the batch can be accepted",
        "field": "batch",
        "remedy": "see rejected for the reason of each",
    }
    return reply(400, body | {"success": False, "error": error})


def _rejection(rejected: Rejected) -> dict[str, object]:
    return {
        "index": rejected.index,
        "messageId": rejected.message_id,
        "error": rejected.error.as_json(),
    }
