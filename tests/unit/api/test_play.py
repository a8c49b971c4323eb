"""A visitor with the visit and the items in play: what is answered, decided, and read."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from answering import answering, current
from making import NOON, event, shopped, taken
from watched import Watched

from attune.decide.content import Block, Content, Rule, Segment, Slot
from attune.ports import Row
from consumers.features.consumer import Features
from feature_repo.views import ITEM_FEATURES, SESSION_FEATURES, USER_FEATURES

QUERY = """query ($session: ID, $items: [ID!], $rules: Boolean = false, $look: Boolean = true) {
  user(id: "ada", sessionId: $session, itemIds: $items) {
    session @include(if: $look) { id degraded features { visit { events views } } }
    items @include(if: $look) { id features { demand { views24h trend } } }
    degraded
    ...Rules @include(if: $rules)
  }
}
fragment Rules on User {
  blocks { key why { rule summary operands { name value } skipped { reason } } }
}"""
CONTENT = Content(
    segments=(Segment("seen", "user.views24h > 0"),),
    slots=(Slot("hero", fallback="plain"),),
    blocks=tuple(Block(key, "hero", "Banner") for key in ("plain", "hot", "keen")),
    rules=(
        Rule("hero", 1, "item.trend > 20.0 && user.segment == 'seen'", "hot"),
        Rule("hero", 2, "session.views >= 2", "keen"),
    ),
)


VARIABLES = ('$slots: [String!] = ["side"]', '$one: String! = "hero"')


class Shop:
    """The stores of a shop in which ada has viewed p1 and p2, and bob p2."""

    def __init__(self) -> None:
        self.users, self.sessions, self.items = Watched(), Watched(), Watched()

    async def open(self) -> "Shop":
        consumer = Features(
            (self.users, USER_FEATURES),
            (self.items, ITEM_FEATURES),
            (self.sessions, SESSION_FEATURES),
        )
        at = NOON - timedelta(minutes=5)
        await consumer.take(
            taken(
                event(type="page", session_id="s1", at=at),
                shopped("viewed", session_id="s1", item="p1", at=at),
                shopped("viewed", session_id="s1", item="p2", at=at),
                shopped("viewed", "bob", item="p2", at=at),
            )
        )
        for store in (self.users, self.sessions, self.items):
            store.read.clear()
        return self

    async def ask(
        self, query: str = QUERY, content: Content = CONTENT, **variables: object
    ) -> dict[str, Any]:
        others = {"item": self.items, "session": self.sessions}
        async with answering(self.users, current(content), others=others) as client:
            return await asked(client, query, variables)


async def asked(
    client: httpx.AsyncClient, query: str, variables: dict[str, object]
) -> dict[str, Any]:
    """Ask twice, by graphql-core and by a plan, and return the one answer."""
    body = {"query": query, "variables": variables}
    first, again = [(await client.post("/graphql", json=body)).json() for _ in range(2)]
    assert first == again
    return dict(again)


@pytest.fixture
async def shop() -> Shop:
    return await Shop().open()


async def test_the_visit_and_the_items_come_with_the_visitor_in_the_order_given(shop: Shop) -> None:
    answer = await shop.ask(session="s1", items=["p2", "new", "p1", "p2"])

    p2 = {"id": "p2", "features": {"demand": {"views24h": 2, "trend": 24.0}}}
    assert answer["data"]["user"] == {
        "session": {
            "id": "s1",
            "degraded": [],
            "features": {"visit": {"events": 3, "views": 2}},
        },
        "items": [
            p2,
            {"id": "new", "features": {"demand": {"views24h": 0, "trend": None}}},
            {"id": "p1", "features": {"demand": {"views24h": 1, "trend": 24.0}}},
            p2,
        ],
        "degraded": [],
    }
    assert shop.items.read == [["p2", "new", "p1"]] * 2
    assert shop.sessions.read == [["s1"]] * 2
    assert shop.users.read == [["ada"]] * 2


async def test_without_ids_there_is_no_visit_and_no_item_and_nothing_is_read(shop: Shop) -> None:
    answer = await shop.ask(items=[])

    assert answer["data"]["user"] == {"session": None, "items": [], "degraded": []}
    assert shop.sessions.read == shop.items.read == []


async def test_ids_that_nobody_looks_at_cost_no_read(shop: Shop) -> None:
    only_about_her = Content(
        slots=CONTENT.slots,
        blocks=CONTENT.blocks,
        rules=(Rule("hero", 1, "user.views24h > 0", "hot"),),
    )

    await shop.ask(session="s1", items=["p1"], look=False)
    answer = await shop.ask(
        session="s1", items=["p1"], look=False, rules=True, content=only_about_her
    )

    assert answer["data"]["user"]["blocks"][0]["key"] == "hot"
    assert shop.sessions.read == shop.items.read == []


@pytest.mark.parametrize(
    ("blocks", "read"),
    [
        ('blocks(slots: ["side"]) { key }', False),
        ("blocks(slots: []) { key } degraded", False),
        ('blocks(slots: ["side", "none-such"]) { key } also: blocks(slots: []) { key }', False),
        ('blocks(slots: ["side", "hero"]) { key }', True),
        ('blocks(slots: ["side"]) { key } also: blocks(slots: "hero") { key }', True),
        ("blocks(slots: null) { key }", True),
        ("blocks(slots: $slots) { key }", True),
        ("blocks(slots: [$one]) { key }", True),
        ("blocks { key }", True),
    ],
)
async def test_only_the_rules_of_slots_that_are_asked_for_have_something_read(
    shop: Shop, blocks: str, *, read: bool
) -> None:
    side = Slot("side", fallback="aside")
    content = Content(
        CONTENT.segments,
        (*CONTENT.slots, side),
        (*CONTENT.blocks, Block("aside", "side", "Banner")),
        CONTENT.rules,
    )
    head = ", ".join(text for text in VARIABLES if text.partition(":")[0] in blocks)
    user = f'user(id: "ada", sessionId: "s1", itemIds: "p1") {{ {blocks} }}'

    answer = await shop.ask(f"query {f'({head})' if head else ''} {{ {user} }}", content)

    assert "errors" not in answer
    assert (len(shop.items.read), len(shop.sessions.read)) == ((2, 2) if read else (0, 0))


async def test_rules_have_the_visit_and_the_first_item_read_for_them(shop: Shop) -> None:
    answer = await shop.ask(session="s1", items=["p2", "p1"], look=False, rules=True)

    (block,) = answer["data"]["user"]["blocks"]
    assert block["key"] == "hot"
    assert block["why"]["rule"] == "hero/1"
    assert block["why"]["operands"] == [
        {"name": "item.trend", "value": 24.0},
        {"name": "user.segment", "value": "seen"},
    ]
    assert "item.trend = 24.0" in block["why"]["summary"]
    assert shop.items.read == [["p2"]] * 2
    assert shop.sessions.read == [["s1"]] * 2


async def test_what_was_not_given_is_unknown_to_rules(shop: Shop) -> None:
    neither = await shop.ask(rules=True)
    visit = await shop.ask(session="s1", rules=True)

    (block,) = neither["data"]["user"]["blocks"]
    assert block["key"] == "plain"
    assert block["why"]["skipped"] == [
        {"reason": "item.trend is not known"},
        {"reason": "session.views is not known"},
    ]
    assert visit["data"]["user"]["blocks"][0]["key"] == "keen"


@pytest.mark.parametrize(
    ("variables", "message", "remedy"),
    [
        ({"items": ["p"] * 51}, "itemIds has 51 ids", "ask for at most 50 at a time"),
        ({"items": ["p", ""]}, "itemIds[1] is empty", "leave it out, or give the id"),
        ({"session": ""}, "sessionId is empty", "leave it out, or give the id"),
    ],
)
async def test_ids_that_cannot_be_answered_are_refused(
    shop: Shop, variables: dict[str, object], message: str, remedy: str
) -> None:
    answer = await shop.ask(**variables)

    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]["remedy"]) == (message, remedy)


async def test_fifty_items_are_answered(shop: Shop) -> None:
    answer = await shop.ask(items=[f"p{n}" for n in range(50)])

    assert [each["id"] for each in answer["data"]["user"]["items"]] == [f"p{n}" for n in range(50)]


async def test_a_store_that_is_away_takes_only_its_part(shop: Shop) -> None:
    shop.items.away = True

    answer = await shop.ask(session="s1", items=["p1", "p2"], rules=True)

    user = answer["data"]["user"]
    assert user["session"]["features"] == {"visit": {"events": 3, "views": 2}}
    assert [each["features"]["demand"]["views24h"] for each in user["items"]] == [0, 0]
    assert user["degraded"] == ["items.features: Redis is unavailable: away"]
    assert user["blocks"][0]["key"] == "keen"


async def test_a_row_that_cannot_be_read_takes_only_its_part(shop: Shop) -> None:
    row = shop.sessions.rows["s1"]
    shop.sessions.rows["s1"] = Row(row.version, {"visit": b"\xff"}, row.records)

    answer = await shop.ask(session="s1", items=["p1"])

    user = answer["data"]["user"]
    assert user["session"]["features"] == {"visit": {"events": 0, "views": 0}}
    assert user["session"]["degraded"][0].startswith("features.visit: ")
    assert user["degraded"] == [f"session.{each}" for each in user["session"]["degraded"]]
    assert user["items"][0]["features"]["demand"]["views24h"] == 1


async def test_windows_of_items_end_at_the_moment_that_is_asked_about(shop: Shop) -> None:
    at = (NOON + timedelta(hours=30)).isoformat()
    query = """query ($at: DateTime) {
      user(id: "ada", at: $at, itemIds: "p1") { items { features { demand { views24h } } } }
    }"""

    answer = await shop.ask(query, at=at)

    assert answer["data"]["user"]["items"] == [{"features": {"demand": {"views24h": 0}}}]
