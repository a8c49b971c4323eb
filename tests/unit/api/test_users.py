"""Many visitors at once: one read, in the order asked for."""

from datetime import timedelta

from answering import answering
from making import NOON, event, shopped, taken
from watched import Watched

from attune.adapters.memory import MemoryStore
from attune.collect.event import Kind
from attune.ports import Row
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

QUERY = """query($ids: [ID!]!) {
  users(ids: $ids) { id degraded features { activity { views24h } } }
}"""


async def ask(store: MemoryStore, ids: list[str]) -> dict[str, object]:
    async with answering(store) as client:
        reply = await client.post("/graphql", json={"query": QUERY, "variables": {"ids": ids}})
    assert reply.status_code == 200
    body: dict[str, object] = reply.json()
    return body


def user(name: str, views: int, *degraded: str) -> dict[str, object]:
    return {
        "id": name,
        "degraded": list(degraded),
        "features": {"activity": {"views24h": views}},
    }


async def test_they_come_in_the_order_of_ids_however_often_and_are_read_once_together() -> None:
    store = Watched()
    views = [shopped("viewed", name) for name in ("ada", "bob", "bob")]
    await Features((store, USER_FEATURES)).take(taken(*views))
    store.read.clear()

    body = await ask(store, ["bob", "nobody", "ada", "bob"])

    assert body == {
        "data": {"users": [user("bob", 2), user("nobody", 0), user("ada", 1), user("bob", 2)]}
    }
    assert store.read == [["bob", "nobody", "ada"]]


async def test_one_who_said_who_they_are_is_found_by_the_old_id_with_one_more_read_for_all() -> (
    None
):
    store = Watched()
    known = {
        "type": "identify",
        "kind": Kind.CONTEXTUAL,
        "at": NOON + timedelta(minutes=1),
    }
    await Features((store, USER_FEATURES)).take(
        taken(
            shopped("viewed", None, anonymous_id="x"),
            shopped("viewed", None, anonymous_id="y"),
            event("ada", anonymous_id="x", **known),
            event("bob", anonymous_id="y", **known),
        )
    )
    store.read.clear()

    body = await ask(store, ["anon:x", "anon:y", "carl"])

    assert body == {"data": {"users": [user("ada", 1), user("bob", 1), user("carl", 0)]}}
    assert [sorted(read) for read in store.read] == [["anon:x", "anon:y", "carl"], ["ada", "bob"]]


async def test_one_whose_record_cannot_be_read_does_not_spoil_the_others() -> None:
    store = Watched()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed", "bob")))
    store.rows["ada"] = Row(1, {}, {"ledger": b"\x00"})

    body = await ask(store, ["ada", "bob"])

    first, second = body["data"]["users"]
    assert first["degraded"][0].startswith("features: a record of user ada:")
    assert second == user("bob", 1)


async def test_where_the_store_is_away_all_are_answered_without() -> None:
    store = Watched()
    store.away = True

    body = await ask(store, ["ada", "bob"])

    away = "features: Redis is unavailable: away"
    assert body == {"data": {"users": [user("ada", 0, away), user("bob", 0, away)]}}


async def test_as_many_as_can_be_asked_for_are_and_more_are_refused_with_the_limit() -> None:
    store = Watched()
    most = await ask(store, [f"u{number}" for number in range(500)])
    more = await ask(store, [f"u{number}" for number in range(501)])
    empty = await ask(store, ["ada", ""])
    none = await ask(store, [])

    assert len(most["data"]["users"]) == 500
    assert more["errors"][0]["message"] == "ids has 501 ids"
    assert more["errors"][0]["extensions"] == {
        "code": "BAD_USER_INPUT",
        "remedy": "ask for at most 500 at a time",
    }
    assert empty["errors"][0]["message"] == "ids[1] is empty"
    assert none == {"data": {"users": []}}
    assert len(store.read) == 1
