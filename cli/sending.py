"""Calls on their way to the collector: in several requests at once, each visitor's in order."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
import msgspec
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from cli.formats.rows import BadRow, Call

CONNECTIONS = 8
BATCH = 100
"""Calls of one request; far below the collector's limit of bytes."""
ATTEMPTS = 12
"""Of one request: about a minute, enough for a broker's restart."""
LISTED = 10
"""Problems that the summary names; the others are counted."""

_PASSING = frozenset({408, 429, 502, 503, 504})
_back_off = wait_random_exponential(multiplier=0.2, max=10)

Sleep = Callable[[float], Awaitable[None]]
Queue = asyncio.Queue[Call | None]


class SendingFailed(Exception):
    """The collector refused a whole request, or stayed away; the message says which."""


class _Passing(Exception):
    """It did not work, and may work in `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class _Refused(msgspec.Struct):
    index: int
    error: dict[str, str]


class _Outcome(msgspec.Struct):
    """What the collector says of a batch."""

    accepted: int
    rejected: list[_Refused]


@dataclass(slots=True)
class Tally:
    """What became of the rows so far."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    bad_rows: int = 0
    problems: list[BadRow] = field(default_factory=list)
    """The first `LISTED`, of the file as of the collector."""

    @property
    def clean(self) -> bool:
        """Nothing was wrong with any row."""
        return not (self.bad_rows or self.rejected)

    def bad(self, row: BadRow) -> None:
        """Count a row that is no event."""
        self.bad_rows += 1
        self._list(row)

    def answered(self, calls: Sequence[Call], outcome: _Outcome) -> None:
        """Count what the collector made of a batch."""
        self.accepted += outcome.accepted
        self.rejected += len(outcome.rejected)
        for refused in outcome.rejected:
            reason = refused.error.get("message", "refused by the collector")
            self._list(BadRow(calls[refused.index].line, reason))

    def _list(self, row: BadRow) -> None:
        if len(self.problems) < LISTED:
            self.problems.append(row)


class Sender:
    """Sends the calls that are put in, over `CONNECTIONS` at once.

    All calls of a visitor go over the same connection, one request after the other, so that they
    arrive in the order in which they were put.
    """

    def __init__(self, client: httpx.AsyncClient, tally: Tally, sleep: Sleep) -> None:
        self._client = client
        self._tally = tally
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Passing),
            wait=_wait,
            stop=stop_after_attempt(ATTEMPTS),
            sleep=sleep,
            reraise=True,
        )
        self._queues = [Queue(maxsize=BATCH) for _ in range(CONNECTIONS)]

    async def put(self, call: Call) -> None:
        """Take a call; waits while its connection is busy."""
        visitor = call.visitor.encode(errors="surrogateescape")
        await self._queues[zlib.crc32(visitor) % CONNECTIONS].put(call)

    async def run(self, feed: Callable[[], Awaitable[None]]) -> None:
        """Send all that `feed` puts, and return when it is counted.

        Raises:
            SendingFailed: as the class says; what was answered before is counted.
        """
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for queue in self._queues:
                    group.create_task(self._drain(queue))
                await feed()
                for queue in self._queues:
                    await queue.put(None)
        except* SendingFailed as failures:
            failure = failures.exceptions[0]
        if failure:
            raise failure

    async def _drain(self, queue: Queue) -> None:
        while calls := await _waiting(queue):
            await self._send(calls)

    async def _send(self, calls: Sequence[Call]) -> None:
        body = b'{"batch":[%b]}' % b",".join(call.body for call in calls)
        try:
            outcome: _Outcome = await self._retrying(self._post, body)
        except _Passing as error:
            raise SendingFailed(f"gave up after {ATTEMPTS} attempts: {error}") from error
        if outcome.accepted + len(outcome.rejected) != len(calls):
            raise SendingFailed(f"the collector did not answer for all of {len(calls)} events")
        self._tally.answered(calls, outcome)

    async def _post(self, body: bytes) -> _Outcome:
        """Send one request, which is safe to repeat: each call bears its message id."""
        try:
            response = await self._client.post(
                "/v1/batch", content=body, headers={"content-type": "application/json"}
            )
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise _Passing(f"no answer from {self._client.base_url}: {reason}") from error
        if response.status_code in _PASSING:
            raise _Passing(f"the collector answered {_said(response)}", _retry_after(response))
        try:
            return msgspec.json.decode(response.content, type=_Outcome)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            said = f"{self._client.base_url} answered {_said(response)}"
            raise SendingFailed(said) from error


async def _waiting(queue: Queue) -> list[Call]:
    """Return the calls that wait, at least one and at most `BATCH`; none when there are no more."""
    calls: list[Call] = []
    call = await queue.get()
    while call is not None:
        calls.append(call)
        if len(calls) == BATCH or queue.empty():
            return calls
        call = queue.get_nowait()
    if calls:
        queue.put_nowait(None)  # the end, again: these are to be sent before it
    return calls


def _wait(state: RetryCallState) -> float:
    """Return seconds: what the collector asks for, at least our own back-off."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, _Passing) else 0
    return max(asked, _back_off(state))


def _retry_after(response: httpx.Response) -> float:
    seconds = response.headers.get("retry-after", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0


def _said(response: httpx.Response) -> str:
    """Return status and reason, in the collector's words where they are JSON of ours."""
    try:
        error = response.json()["error"]
        words = f"{error['message']} ({error['remedy']})" if "remedy" in error else error["message"]
    except (ValueError, KeyError, TypeError):
        words = response.reason_phrase
    return f"{response.status_code}: {words}"
