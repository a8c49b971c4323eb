"""GraphQL over HTTP: one path, POST and GET, and a status and a media type for every outcome."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api import caching, negotiation
from api.answer import Answer, Answerer, QueriesOnly
from api.asked import Asked, addressed, posted
from api.compression import PACKED, packed
from api.deadline import Deadlines
from api.http import JSON, Handler, Headers, Request, Response, Routes, Sockets, Stream
from api.live.events import events
from api.live.operations import Operations
from api.live.socket import serving
from api.refusal import Refused, bad_request_body
from attune.errors import BadRequest, TooLarge, Unavailable
from attune.settings import Api
from attune.telemetry import ANSWERS, REQUESTS_REFUSED

_TYPES: dict[bytes, Headers] = {
    kind: ((b"content-type", kind),) for kind in (negotiation.JSON, negotiation.RESPONSE)
}


class SlowBody(BadRequest):
    """A body that does not arrive."""

    status = 408
    code = "request_timeout"


class TooSlow(Unavailable):
    """The answer was not there in time."""


def routes(current: Callable[[], Answerer], settings: Api, page: Handler | None = None) -> Routes:
    """Return the routes of GraphQL; a browser that asks nothing gets the page, if there is one.

    A request is answered by who is `current` when it was read.
    """
    deadlines = Deadlines()
    operations = Operations(current)

    async def post(request: Request) -> Response | Stream:
        return await _Exchange(operations, settings, deadlines, request).post()

    async def get(request: Request) -> Response | Stream:
        if page and not request.query_size and negotiation.takes_html(request.header(b"accept")):
            return await page(request)
        return await _Exchange(operations, settings, deadlines, request).get()

    return {("POST", "/graphql"): post, ("GET", "/graphql"): get}


def sockets(current: Callable[[], Answerer], settings: Api) -> Sockets:
    """Return what serves GraphQL over WebSockets."""
    return {"/graphql": serving(Operations(current), settings.live)}


@dataclass(slots=True)
class _Exchange:
    """One request and its response."""

    operations: Operations
    settings: Api
    deadlines: Deadlines
    request: Request
    kind: bytes = negotiation.JSON
    """Media type of the response."""

    async def post(self) -> Response | Stream:
        try:
            self.kind = negotiation.answer_type(self.request.header(b"accept"))
            negotiation.check_content_type(self.request.header(b"content-type"))
            asked = posted(await self._body())
            if self.kind is negotiation.EVENTS:
                return events(self.operations, asked)
            return self._told(await self._answer(asked, by_get=False))
        except (BadRequest, Refused, TooSlow) as error:
            return self._refused(error)

    async def get(self) -> Response | Stream:
        try:
            self.kind = negotiation.answer_type(self.request.header(b"accept"))
            asked = addressed(self._parameters())
            if self.kind is negotiation.EVENTS:  # only a program takes them, never a link
                return events(self.operations, asked)
            if asked.query is not None:
                negotiation.check_deliberate(self.request)
            answer = await self._answer(asked, by_get=True)
            if answer.public and asked.query is None:
                return self._public(answer)
            return self._told(answer)
        except (BadRequest, Refused, TooSlow) as error:
            return self._refused(error)

    async def _body(self) -> bytes:
        seconds = self.settings.body_timeout.total_seconds()
        try:
            with self.deadlines.within(seconds):
                return await self.request.body(self.settings.max_body_bytes)
        except TimeoutError as error:
            message = f"the body did not arrive within {seconds:g} s"
            raise SlowBody(message, remedy="send it again") from error

    async def _answer(self, asked: Asked, *, by_get: bool) -> Answer:
        started = time.perf_counter()
        seconds = self.settings.timeout.total_seconds()
        try:
            with self.deadlines.within(seconds):
                answer = await self.operations.current().answer(asked, by_get=by_get)
        except TimeoutError as error:
            raise TooSlow("the answer", f"it took more than {seconds:g} s") from error
        ANSWERS.observe(time.perf_counter() - started)
        return answer

    def _parameters(self) -> dict[str, str]:
        limit = self.settings.max_body_bytes
        if self.request.query_size > limit:
            raise TooLarge(
                f"the address has more than {limit:,} bytes", remedy="send the same as a POST"
            )
        return self.request.query()

    def _told(self, answer: Answer) -> Response:
        well = answer.carried_out or self.kind is negotiation.JSON
        if not answer.carried_out:
            _count(answer.body["errors"])
        return self._reply(200 if well else 400, encoded(answer.body), caching.PRIVATE)

    def _public(self, answer: Answer) -> Response:
        body = encoded(answer.body)
        seconds = int(self.settings.public_max_age.total_seconds())
        if not seconds:
            return self._reply(200, body, caching.PRIVATE)
        headers = caching.public_headers(body, seconds)
        if caching.is_known(headers, self.request.header(b"if-none-match")):
            return Response(304, headers=headers)
        return self._reply(200, body, headers)

    def _refused(self, error: BadRequest | Refused | TooSlow) -> Response:
        """Return what is wrong; with `application/json` a refused document is answered with 200."""
        headers: Headers = caching.PRIVATE
        if isinstance(error, Refused):
            status = 200 if self.kind is negotiation.JSON else 400
            errors = error.errors
        elif isinstance(error, TooSlow):
            status = 503
            headers = (*headers, (b"retry-after", b"%d" % error.retry_after))
            errors = [{"message": str(error), "extensions": {"code": "TIMEOUT"}}]
        else:
            status = error.status
            errors = [bad_request_body(error)]
            if isinstance(error, QueriesOnly):
                headers = (*headers, (b"allow", b"POST"))
        _count(errors)
        return self._reply(status, encoded({"errors": errors}), headers)

    def _reply(self, status: int, body: bytes, headers: Headers) -> Response:
        kind = _TYPES.get(self.kind, JSON)
        least = self.settings.compress_from
        encodings = self.request.header(b"accept-encoding")
        if least and len(body) >= least and negotiation.takes_gzip(encodings):
            return Response(status, packed(body), kind + headers + PACKED)
        return Response(status, body, kind + headers)


def encoded(body: dict[str, Any]) -> bytes:
    """Return an answer as JSON."""
    return orjson.dumps(body)


def _count(errors: Sequence[dict[str, Any]]) -> None:
    """Count a request that was not answered, by what was wrong first."""
    code = errors[0].get("extensions", {}).get("code", "UNKNOWN") if errors else "UNKNOWN"
    REQUESTS_REFUSED.labels(code).inc()
