"""What a job stored with Feast's SDK, answered beside the streamed features."""

from datetime import timedelta

import httpx
import pytest
from answering import answering, current, reception
from credit import CREDIT, WITH_CREDIT
from making import NOON, shopped, taken

from attune.adapters.feast import Layout, field_of, time_of
from attune.adapters.memory import MemoryStore
from attune.adapters.plain import held
from attune.adapters.protobuf import bytes_value, timestamp
from attune.collect.event import millis
from attune.decide.content import Block, Content, Rule, Slot
from attune.features.plain import Status
from attune.ids import ProfileId
from attune.ports import Row
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

NIGHT = NOON - timedelta(hours=9)
STORED = {
    "_ts:user_credit": timestamp(millis(NIGHT)),
    "user_credit:credit_limit": bytes.fromhex("29000000000000f83f"),  # 1.5
    "user_credit:credit_score": bytes.fromhex("208180808080808010"),  # 2**53 + 1
    "user_credit:credit_bool": bytes.fromhex("3800"),
    "user_credit:credit_bytes": bytes.fromhex("0a0200ff"),
    "user_credit:credit_timestamp": bytes.fromhex("4080e2cfaa06"),
    "user_credit:credit_string": b"",
    "user_credit:credit_int64_list": bytes.fromhex("72050a0301ac02"),
    "user_credit:credit_string_list": bytes.fromhex("62070a01610a026263"),
    "user_credit:credit_float32_list": bytes.fromhex("820100"),
}
QUERY = """query ($at: DateTime) { user(id: "ada", at: $at) { degraded features {
    userCredit {
        asOf status creditLimit creditScore creditBool creditBytes creditTimestamp creditString
        creditInt64List creditStringList creditFloat32List creditInt32
    }
    activity { views1h }
} } }"""


async def store_of(stored: dict[str, bytes]) -> MemoryStore:
    """Ada viewed something, and a job stored something of her."""
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))
    row = store.rows["ada"]
    store.rows["ada"] = Row(row.version, row.states, row.records, stored)
    return store


async def ask(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, object]:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    user: dict[str, object] = answer["data"]["user"]
    return user


async def test_stored_values_are_typed_fields_with_their_time_and_status() -> None:
    async with answering(await store_of(STORED), every=WITH_CREDIT) as client:
        answer = await ask(client, QUERY)

    assert answer["features"] == {
        "userCredit": {
            "asOf": "2026-11-02T03:00:00+00:00",
            "status": "PRESENT",
            "creditLimit": 1.5,
            "creditScore": 2**53 + 1,
            "creditBool": False,
            "creditBytes": "AP8=",
            "creditTimestamp": "2023-11-14T22:13:20+00:00",
            "creditString": None,
            "creditInt64List": [1, 300],
            "creditStringList": ["a", "bc"],
            "creditFloat32List": [],
            "creditInt32": None,
        },
        "activity": {"views1h": 1},
    }
    assert answer["degraded"] == []


@pytest.mark.parametrize(
    ("stored", "later", "status", "as_of"),
    [
        ({}, timedelta(), "NOT_FOUND", None),
        (STORED, timedelta(days=1), "PRESENT", "2026-11-02T03:00:00+00:00"),
        (STORED, timedelta(days=2), "OUTSIDE_MAX_AGE", "2026-11-02T03:00:00+00:00"),
    ],
)
async def test_what_is_not_there_or_too_old_is_null_and_says_so(
    stored: dict[str, bytes], later: timedelta, status: str, as_of: str | None
) -> None:
    async with answering(await store_of(stored), every=WITH_CREDIT) as client:
        answer = await ask(client, QUERY, at=(NOON + later).isoformat())

    credit = answer["features"]["userCredit"]
    assert (credit["status"], credit["asOf"]) == (status, as_of)
    assert credit["creditLimit"] == (1.5 if status == "PRESENT" else None)


async def test_what_is_stored_otherwise_than_declared_is_null_and_named() -> None:
    spoiled = STORED | {
        "user_credit:credit_limit": bytes.fromhex("120161"),
        "user_credit:credit_score": bytes.fromhex("1805"),  # an int32, which fits
        "user_credit:credit_string": b"\xff",
    }
    async with answering(await store_of(spoiled), every=WITH_CREDIT) as client:
        answer = await ask(client, QUERY)

    credit = answer["features"]["userCredit"]
    assert (credit["creditLimit"], credit["creditScore"], credit["creditString"]) == (None, 5, None)
    assert answer["degraded"] == [
        "features.user_credit: credit_limit holds string, not float64",
        "features.user_credit: credit_string: ff is no value that is answered here",
    ]


@pytest.mark.parametrize("raw", [b"\xff", b"\x08" + b"\xff" * 8 + b"\x7f"])
def test_a_timestamp_that_is_none_counts_as_not_found(raw: bytes) -> None:
    found = held(CREDIT, STORED | {"_ts:user_credit": raw}, millis(NOON))

    assert (found.status, found.as_of) == (Status.NOT_FOUND, None)
    assert found.unreadable == [f"its timestamp is {raw.hex()}"]


def test_each_value_has_a_status_of_its_own() -> None:
    found = held(CREDIT, STORED, millis(NOON))
    nulls = {name: b"" for name in STORED if not name.startswith("_ts:")}

    assert found.statuses["credit_limit"] is Status.PRESENT
    assert found.statuses["credit_string"] is Status.NULL
    assert found.statuses["credit_int32"] is Status.NOT_FOUND
    every = {f"user_credit:{field.name}": b"" for field in CREDIT.fields}
    assert held(CREDIT, STORED | nulls | every, millis(NOON)).status is Status.NULL


async def test_rules_and_models_are_given_them_as_they_are_given_others() -> None:
    content = Content(
        slots=(Slot("hero", fallback="other"),),
        blocks=(Block("rich", "hero", "Banner"), Block("other", "hero", "Banner")),
        rules=(Rule("hero", 1, "user.creditLimit > 1.0 && !user.creditBool", "rich"),),
    )
    store = await store_of(STORED)

    visitor = await reception(store, current(content), WITH_CREDIT[0]).visitor(
        ProfileId("ada"), millis(NOON)
    )

    assert visitor.decide("hero").block == "rich"
    assert visitor.flat["credit_limit"] == 1.5
    assert visitor.flat["views_1h"] == 1


def test_a_row_of_redis_holds_both_kinds_apart() -> None:
    layout = Layout("shop", WITH_CREDIT[0])
    fields = [field_of("user_state", "user_activity_state"), bytes_value(b"state"), b"_v", b"1"]
    fields += [field_of("user_credit", "credit_limit"), b"\x29value", time_of("user_credit"), b""]
    fields += [b"abcd", b"of another view, which is not declared"]

    row = layout.row(fields)

    assert row.states == {"activity": b"state"}
    assert row.plain == {"user_credit:credit_limit": b"\x29value", "_ts:user_credit": b""}
