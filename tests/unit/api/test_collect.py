import base64
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from api.application import Application
from api.collect import routes
from attune.collect.event import Event
from attune.errors import Unavailable
from attune.settings import Collect

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = {"wk": "shop", "WK_SEG": "s", "WK_BR": "s", "WK_PY": "s", "WK_RUD": "s", "WK_RPY": "s"}
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "sdk_requests.jsonl"
VIEW = {"event": "Product Viewed", "userId": "ada", "properties": {"product_id": "p1"}}


class Log:
    """An event log in memory that can be away."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.away = False

    async def append(self, events: Sequence[Event]) -> None:
        if self.away:
            raise Unavailable("Kafka", "no broker answers", retry_after=2)
        self.events.extend(events)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    numbers = count(1)
    collect = Collect(write_keys=KEYS)
    application = Application(routes(log, collect, lambda: NOW, lambda: f"id-{next(numbers)}"))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://attune", auth=("wk", "")
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "call_type"),
    [
        (path, call_type)
        for call_type in ("track", "identify", "page", "screen", "group", "alias")
        for path in (f"/v1/{call_type}", f"/v1/{call_type[0]}")
    ],
)
async def test_each_call_has_its_path_and_its_short_form(
    client: httpx.AsyncClient, log: Log, path: str, call_type: str
) -> None:
    body = {"event": "E", "userId": "ada", "groupId": "g", "previousId": "p"}

    response = await client.post(path, json=body)

    assert (response.status_code, response.json()) == (200, {"success": True})
    (event,) = log.events
    assert (event.type, event.source, event.id, event.received_at) == (
        call_type,
        "shop",
        "id-1",
        NOW,
    )


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def basic(text: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize("headers", [basic("wk:"), basic("wk"), basic("wk:x"), bearer("wk"), {}])
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_the_write_key_is_found_wherever_a_client_puts_it(
    client: httpx.AsyncClient, log: Log, headers: dict[str, str], path: str
) -> None:
    client.auth = httpx.Auth()  # none
    body = VIEW | {"type": "track"}
    whole = {"batch": [body]} if path == "/v1/batch" else body

    response = await client.post(path, json=whole | {"writeKey": "wk"}, headers=headers)

    assert response.status_code == 200
    assert log.events[0].source == "shop"


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("nope"), basic("nope:"), {"authorization": "Basic !"}, {"authorization": "x"}],
)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_a_wrong_write_key_is_a_401_with_a_remedy(
    client: httpx.AsyncClient, log: Log, headers: dict[str, str], path: str
) -> None:
    client.auth = httpx.Auth()  # none

    response = await client.post(path, json=VIEW | {"batch": [VIEW]}, headers=headers)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unknown_write_key"
    assert "Basic" in response.json()["error"]["remedy"]
    assert not log.events


async def test_text_and_gzip_are_taken_as_browsers_and_servers_send_them(
    client: httpx.AsyncClient, log: Log
) -> None:
    body = json.dumps(VIEW).encode()
    form = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}

    await client.post("/v1/t", content=body, headers={"content-type": "text/plain"})
    await client.post("/v1/t", content=gzip.compress(body), headers=form)

    assert len(log.events) == 2


async def test_a_refused_event_names_field_value_and_remedy(
    client: httpx.AsyncClient, log: Log
) -> None:
    line = {"product_id": "p1", "price": -1}
    body = VIEW | {"event": "Order Completed", "properties": {"products": [line]}}

    response = await client.post("/v1/track", json=body)

    assert response.status_code == 400
    assert response.json()["error"]["field"] == "properties.products[0].price"
    assert response.json()["error"]["value"] == "-1"
    assert response.json()["error"]["remedy"]
    assert not log.events


async def test_the_good_of_a_batch_is_kept_and_the_bad_is_named(
    client: httpx.AsyncClient, log: Log
) -> None:
    good = VIEW | {"type": "track"}
    bad = {"type": "track", "messageId": "m-2", "userId": "ada"}

    response = await client.post("/v1/batch", json={"batch": [good, bad, good]})

    assert response.status_code == 200
    found = response.json()
    assert (found["success"], found["accepted"]) == (True, 2)
    (rejected,) = found["rejected"]
    assert (rejected["index"], rejected["messageId"]) == (1, "m-2")
    assert rejected["error"]["field"] == "event"
    assert len(log.events) == 2


async def test_a_batch_of_nothing_good_is_a_400(client: httpx.AsyncClient, log: Log) -> None:
    response = await client.post("/v1/b", json={"batch": [{}, 1]})

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "nothing_accepted"
    assert len(response.json()["rejected"]) == 2
    assert not log.events


async def test_what_is_accepted_and_refused_is_counted_by_source(client: httpx.AsyncClient) -> None:
    def counted() -> list[float]:
        wanted = [
            ("attune_events_accepted_total", {"source": "shop"}),
            ("attune_events_rejected_total", {"source": "shop", "code": "invalid_event"}),
            ("attune_events_rejected_total", {"source": "unknown", "code": "unknown_write_key"}),
        ]
        return [REGISTRY.get_sample_value(name, labels) or 0 for name, labels in wanted]

    before = counted()
    good = VIEW | {"type": "track"}
    await client.post("/v1/batch", json={"batch": [good, good, {}]})
    await client.post("/v1/track", json=VIEW)
    await client.post("/v1/track", json={})
    await client.post("/v1/track", json=VIEW, auth=("nope", ""))

    assert [now - then for now, then in zip(counted(), before, strict=True)] == [3, 2, 1]


async def test_an_empty_batch_is_fine(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/batch", json={"batch": []})).status_code == 200


async def test_limits_of_size(client: httpx.AsyncClient) -> None:
    big = VIEW | {"type": "track", "context": {"x": "y" * 33_000}}

    single = await client.post("/v1/track", json=big)
    among = await client.post("/v1/batch", json={"batch": [big, VIEW | {"type": "track"}]})
    alone = await client.post("/v1/batch", json={"batch": [big]})
    whole = await client.post("/v1/batch", json={"batch": [big] * 20})

    assert [response.status_code for response in (single, among, alone, whole)] == [
        413,
        200,
        400,
        413,
    ]
    assert "32,768" in among.json()["rejected"][0]["error"]["remedy"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
async def test_without_the_event_log_the_caller_is_asked_to_come_again(
    client: httpx.AsyncClient, log: Log, path: str
) -> None:
    log.away = True
    body = VIEW | {"type": "track"}

    response = await client.post(path, json=body | {"batch": [body]})

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(), packed=st.booleans(), path=st.sampled_from(["/v1/t", "/v1/batch", "/x"]))
async def test_no_bytes_break_it(
    client: httpx.AsyncClient, body: bytes, path: str, *, packed: bool
) -> None:
    headers = {"content-encoding": "gzip"} if packed else {}

    response = await client.post(path, content=body, headers=headers)

    assert 400 <= response.status_code < 500
    assert response.json()["error"]["remedy"]


def recorded() -> list[dict[str, Any]]:
    if not RECORDED.exists():
        return []
    requests = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    return [request for request in requests if request["path"].startswith("/v1/")]


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded requests are not on this machine")
@pytest.mark.parametrize("sent", recorded(), ids=lambda sent: sent["headers"]["user-agent"])
async def test_published_clients_are_answered_as_they_expect(
    client: httpx.AsyncClient, log: Log, sent: dict[str, Any]
) -> None:
    body = sent["body"].encode()
    body = gzip.compress(body) if "content-encoding" in sent["headers"] else body
    headers = {key: value for key, value in sent["headers"].items() if key != "content-length"}
    client.auth = httpx.Auth()  # none

    response = await client.post(sent["path"], content=body, headers=headers)

    assert response.status_code == 200
    assert response.json()["success"] is True
    whole = json.loads(sent["body"])
    calls = whole.get("batch", [whole])
    assert [event.id for event in log.events] == [call["messageId"] for call in calls]
    assert [event.type for event in log.events] == [call["type"] for call in calls]
