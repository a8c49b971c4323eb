"""ClickHouse over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import httpx
from pydantic import HttpUrl

from attune.errors import AttuneError, ConfigurationError, Unavailable

_CONNECT, _ANSWER = 5.0, 600.0
"""Seconds. A query sorts everything before its first row."""

_LONGEST_QUERY = 64 * 2**20
"""Bytes; profiles asked for are named in the query, and ClickHouse's own bound is 256 KiB."""

_MEND = frozenset({"60", "81", "164", "192", "193", "194", "291", "497", "516"})
"""Codes that no waiting mends: no such table or database, read-only, unknown user, wrong password,
no access. With some of them the server answers 500, as with those that pass."""

_AGAIN = frozenset({408, 425, 429})
_ERROR = 400


class ClickHouse:
    """A database behind an address; see `Server`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._what = f"ClickHouse at {client.base_url}"

    def run(self, statement: str, body: bytes | None = None) -> None:
        """See `Server.run`."""
        # wait_end_of_query: what fails late must not have been answered with 200 before.
        params = {"wait_end_of_query": "1"}
        if body is not None:
            params["query"] = statement
        content = statement.encode() if body is None else body
        try:
            response = self._client.post("/", params=params, content=content)
        except httpx.TransportError as error:
            raise self._away(error) from error
        self._check(response)

    def stream(self, query: str) -> Iterator[bytes]:
        """See `Server.stream`."""
        params = {"default_format": "ArrowStream", "max_query_size": str(_LONGEST_QUERY)}
        try:
            with self._client.stream(
                "POST", "/", params=params, content=query.encode()
            ) as response:
                if response.status_code >= _ERROR:
                    response.read()
                self._check(response)
                yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise self._away(error) from error

    def _check(self, response: httpx.Response) -> None:
        if not any(name.startswith("x-clickhouse-") for name in response.headers):
            raise self._refusal("it answers, but it is not ClickHouse")
        if response.status_code >= _ERROR:
            raise self._fault(response)

    def _fault(self, response: httpx.Response) -> AttuneError:
        code = response.headers.get("x-clickhouse-exception-code", "")
        said = response.text.strip().partition("\n")[0][:500]
        passing = response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and code not in _MEND
        if passing or response.status_code in _AGAIN:
            return Unavailable(self._what, said or f"status {response.status_code}")
        return self._refusal(said or f"status {response.status_code}")

    def _refusal(self, said: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._what} refuses: {said}; look at user, password and database in "
            "ATTUNE_ARCHIVE__CLICKHOUSE, and whether the user may create tables there, insert and "
            "select"
        )

    def _away(self, error: httpx.TransportError) -> Unavailable:
        return Unavailable(self._what, str(error) or type(error).__name__)


@contextmanager
def open_clickhouse(address: HttpUrl) -> Iterator[ClickHouse]:
    """Yield the database of an address such as `http://user:password@host:8123/database`."""
    host = f"[{address.host}]" if ":" in (address.host or "").strip("[]") else address.host
    with httpx.Client(
        base_url=f"{address.scheme}://{host}:{address.port}",
        params={"database": unquote((address.path or "").strip("/")) or "default"},
        # Not in the address: that is what logs show.
        headers={
            "X-ClickHouse-User": unquote(address.username or "default"),
            "X-ClickHouse-Key": unquote(address.password or ""),
        },
        timeout=httpx.Timeout(_ANSWER, connect=_CONNECT),
        trust_env=False,  # a proxy of the environment is not meant for databases
    ) as client:
        yield ClickHouse(client)
