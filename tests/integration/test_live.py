"""Live answers from real servers: API and consumer as processes, Kafka, Redis, a real WebSocket."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from redis import Redis
from roles import api, consumer, serving_api
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection, connect

from attune.adapters.postgres.migrate import migrate
from attune.settings import Settings

LIVE = """subscription {
  personalization(userId: "ada") { cause user { features { activity { views24h } } } }
}"""


@pytest.fixture(autouse=True)
def migrated(settings: Settings) -> None:
    migrate(settings)


def view(client: httpx.Client) -> None:
    product = {"product_id": "p-1", "category": "audio", "price": 10}
    call = {"userId": "ada", "event": "Product Viewed", "properties": product}
    assert client.post("/v1/track", json=call).status_code == 200


@contextmanager
def subscribed(client: httpx.Client) -> Iterator[ClientConnection]:
    address = str(client.base_url).replace("http", "ws") + "/graphql"
    with connect(address, subprotocols=["graphql-transport-ws"]) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(5)) == {"type": "connection_ack"}
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": LIVE}}))
        yield socket


def answer(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(socket.recv(10))["payload"]["data"]["personalization"]


def views(found: dict[str, Any]) -> int:
    return found["user"]["features"]["activity"]["views24h"]


def test_what_a_visitor_does_is_pushed_over_both_transports(settings: Settings) -> None:
    with api(settings) as client, consumer(settings), subscribed(client) as socket:
        assert answer(socket)["cause"] == "SUBSCRIBED"
        headers = {"accept": "text/event-stream"}
        with client.stream("POST", "/graphql", json={"query": LIVE}, headers=headers) as reply:
            lines = (line for line in reply.iter_lines() if line.startswith("data"))

            def event() -> dict[str, Any]:
                found = json.loads(next(lines).removeprefix("data: "))
                return found["data"]["personalization"]

            assert views(event()) == 0
            for expected in (1, 2):
                view(client)
                assert views(answer(socket)) == expected
                assert views(event()) == expected


def test_a_stopped_server_ends_streams_at_once(settings: Settings) -> None:
    headers = {"accept": "text/event-stream"}
    with serving_api(settings) as (running, client), subscribed(client) as socket:
        answer(socket)
        with client.stream("POST", "/graphql", json={"query": LIVE}, headers=headers) as reply:
            lines = reply.iter_lines()
            next(lines)
            started = time.monotonic()
            running.stop()
            list(lines)  # the reply is ended as it should be, or this raises
        assert time.monotonic() - started < 3, "it waited for what never ends"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(1)
        assert closed.value.rcvd.code == CloseCode.SERVICE_RESTART


def test_a_restarted_redis_is_heard_again(settings: Settings) -> None:
    with api(settings) as client, consumer(settings), subscribed(client) as socket:
        answer(socket)
        with Redis.from_url(str(settings.redis)) as redis:
            redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert views(answer(socket)) == 0  # something may have been missed, so we look

        view(client)
        assert views(answer(socket)) == 1
