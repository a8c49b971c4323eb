import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
import structlog

from api.application import Application, serve_within
from api.http import Message, Request, Response, Scope, reply
from attune.errors import InvalidEvent, Unavailable

LIMIT = 1000


async def echo(request: Request) -> Response:
    body = await request.body(LIMIT)
    return reply(200, {"size": len(body), "query": request.query(), "path": request.path})


async def refuse(request: Request) -> Response:
    raise InvalidEvent("no", field="price", value=request.path, remedy="send less")


async def away(request: Request) -> Response:
    raise Unavailable("Kafka", f"{request.path} broke it", retry_after=7)


async def broken(request: Request) -> Response:
    raise RuntimeError(f"secret of {request.path}")


ROUTES = {
    ("POST", "/echo"): echo,
    ("GET", "/echo"): echo,
    ("GET", "/refuse"): refuse,
    ("GET", "/away"): away,
    ("GET", "/broken"): broken,
}
APPLICATION = Application(ROUTES, prefixes={("GET", "/static/"): echo, ("GET", "/static/a/"): away})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APPLICATION)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        yield client


def scope(method: str = "POST", path: str = "/echo", **headers: str) -> Scope:
    pairs = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return {"type": "http", "method": method, "path": path, "headers": pairs, "query_string": b""}


async def exchange(scope: Scope, *messages: Message) -> list[Message]:
    """Return what is sent when these messages are received; no more may be asked for."""
    received = iter(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    await APPLICATION(scope, receive, send)
    return sent


def chunk(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_handler_sees_path_query_and_body(client: httpx.AsyncClient) -> None:
    response = await client.post("/echo?a=1&b=%C3%BC&c=", content=b"12345")

    assert response.json() == {"size": 5, "path": "/echo", "query": {"a": "1", "b": "ü", "c": ""}}
    assert response.headers["content-type"] == "application/json"


async def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    start, _ = await exchange(scope(content_length="1001"))

    assert start["status"] == 413


async def test_a_body_in_chunks_is_read_no_further_than_its_limit() -> None:
    start, body = await exchange(
        scope(), chunk(b"x" * 600, more=True), chunk(b"x" * 600, more=True)
    )

    assert start["status"] == 413
    assert json.loads(body["body"])["error"]["code"] == "too_large"


async def test_a_body_in_chunks_within_the_limit_is_whole() -> None:
    _, body = await exchange(scope(), chunk(b"x" * 600, more=True), chunk(b""))

    assert json.loads(body["body"])["size"] == 600


@pytest.mark.parametrize("length", ["9" * 400, "-1", "abc", "\u00b2"])
async def test_a_strange_content_length_does_no_harm(length: str) -> None:
    start, _ = await exchange(scope(content_length=length), chunk(b"x"))

    assert start["status"] in (200, 413)


async def test_a_client_that_goes_away_gets_no_answer() -> None:
    assert not await exchange(scope(), chunk(b"x", more=True), {"type": "http.disconnect"})


async def test_gzip_is_unpacked_within_the_limit(client: httpx.AsyncClient) -> None:
    async def packed(body: bytes) -> httpx.Response:
        return await client.post("/echo", content=body, headers={"content-encoding": "gzip"})

    assert (await packed(gzip.compress(b"x" * LIMIT))).json()["size"] == LIMIT
    assert (await packed(gzip.compress(b"x" * (LIMIT + 1)))).status_code == 413
    assert (await packed(gzip.compress(bytes(900_000), 9))).status_code == 413  # 899 bytes packed
    assert (await packed(gzip.compress(b"x")[:-1])).status_code == 400
    assert (await packed(gzip.compress(b"x") + b"y")).status_code == 400
    assert (await packed(b"plain")).status_code == 400


async def test_another_encoding_is_refused_by_name(client: httpx.AsyncClient) -> None:
    response = await client.post("/echo", content=b"x", headers={"content-encoding": "br"})

    assert response.status_code == 415
    assert response.json()["error"]["value"] == "br"


async def test_an_unknown_path_names_what_is_near(client: httpx.AsyncClient) -> None:
    response = await client.get("/ecco")

    assert response.status_code == 404
    assert response.json()["error"] == {
        "code": "not_found",
        "message": "there is nothing at this path",
        "field": "path",
        "value": "/ecco",
        "remedy": "did you mean /echo?",
    }
    assert (await client.get("/" + "x" * 5000)).status_code == 404


async def test_another_method_is_told_which_are_taken(client: httpx.AsyncClient) -> None:
    response = await client.put("/echo")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get("/echo"), await client.head("/echo")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_the_longest_prefix_wins(client: httpx.AsyncClient) -> None:
    assert (await client.get("/static/x.js")).json()["path"] == "/static/x.js"
    assert (await client.get("/static/a/x.js")).status_code == 503
    assert (await client.post("/static/x.js")).status_code == 405


async def test_any_page_may_call_without_credentials(client: httpx.AsyncClient) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }

    preflight = await client.options("/echo", headers=asked)
    answer = await client.get("/refuse")

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-methods"] == "GET, POST"
    assert preflight.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers


async def test_a_refusal_is_json_with_field_value_and_remedy(client: httpx.AsyncClient) -> None:
    response = await client.get("/refuse")

    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "code": "invalid_event",
            "message": "no",
            "field": "price",
            "value": "/refuse",
            "remedy": "send less",
        }
    }


async def test_a_server_that_is_away_asks_to_be_called_again(client: httpx.AsyncClient) -> None:
    response = await client.get("/away")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "7"
    assert response.json()["error"]["code"] == "unavailable"


async def test_what_breaks_is_told_to_the_log_alone(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        response = await client.get("/broken")

    assert response.status_code == 500
    assert "secret" not in response.text
    assert logged[0]["incident"] == response.json()["error"]["incident"]
    assert isinstance(logged[0]["exc_info"], RuntimeError)


async def test_a_websocket_to_nowhere_is_closed() -> None:
    assert await exchange({"type": "websocket", "path": "/nowhere"}) == [
        {"type": "websocket.close"}
    ]


# --- lifespan ------------------------------------------------------------------------------------


async def live(opened: Callable[[], AbstractAsyncContextManager[Application]]) -> list[str]:
    received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await serve_within(opened)({"type": "lifespan"}, receive, send)
    return sent


async def test_services_are_open_as_long_as_the_server_runs() -> None:
    course: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[Application]:
        course.append("opened")
        yield APPLICATION
        course.append("closed")

    assert await live(opened) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert course == ["opened", "closed"]


async def test_a_start_that_fails_stops_the_server() -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Application]:
        if APPLICATION:
            raise Unavailable("Kafka", "no broker")
        yield APPLICATION

    with pytest.raises(Unavailable):
        await live(opened)
