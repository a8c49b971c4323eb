import tracemalloc
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, parse

from api.cost import ROOT_FIELD, Cost

SCHEMA = build_schema("""
    type Query { user(id: ID, itemIds: [ID!]): User
                 users(ids: [ID!]!, tags: [String!] = null): [User!]! any: Any me: Query }
    type User { id: ID tags: [String] grid: [[Int]] friends(ids: [ID!]): [User]
                items: [Shop!]! session: Shop }
    type Shop { id: ID }
    union Any = User | Shop
""")


def cost_of(text: str) -> Cost:
    document = parse(text)
    (operation,) = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    return Cost(SCHEMA, operation, fragments, 10)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{ __typename }", 1),
        ("{ user { id } }", 2),
        ("{ user { id tags } }", 12),
        ("{ user { grid } }", 101),
        ('{ users(ids: ["a", "b"]) { id } }', 4),
        ('{ users(ids: "a") { id } }', 2),
        ('{ users(ids: ["a"], tags: ["x", "y", "z"]) { id } }', 6),
        ("{ user { friends { id } } }", 21),
        ("{ user { friends(ids: null) { id } } }", 21),
        ('{ users(ids: ["a", "b"]) { friends(ids: ["c", "d", "e"]) { id } } }', 2 * (1 + 3 * 2)),
        ("{ user { ...F ...F } } fragment F on User { id }", 3),
        ("{ any { __typename ... on User { id } ... on Shop { id } } }", 4),
        ("{ __schema { types { name } } }", 1),
    ],
)
def test_an_answer_costs_the_values_that_it_has(text: str, values: int) -> None:
    assert cost_of(text).of({}) == values + ROOT_FIELD


@pytest.mark.parametrize(
    ("variables", "users"),
    [
        ({"ids": ["a", "b", "c"]}, 3),
        ({"ids": []}, 0),
        ({"ids": "a"}, 1),
        ({"ids": None}, 10),
        ({}, 2),
    ],
)
def test_lists_in_variables_count_by_their_length(variables: dict[str, Any], users: int) -> None:
    cost = cost_of('query ($ids: [ID!] = ["x", "y"]) { users(ids: $ids) { id } }')

    assert cost.names == ("ids",)
    assert [cost.of(variables) for _ in range(2)] == [ROOT_FIELD + users * 2] * 2


@pytest.mark.parametrize(
    ("asked", "items"),
    [
        ('itemIds: ["a", "b", "c"]', 3),
        ('itemIds: "a"', 1),
        ("itemIds: []", 0),
        ('id: "a"', 0),
        ("itemIds: $ids", 2),
    ],
)
def test_items_in_play_count_by_the_ids_that_the_visitor_is_asked_for_with(
    asked: str, items: int
) -> None:
    text = f"""query ($ids: [ID!] = ["x"]) {{ user({asked}) {{ ...Items session {{ id }} }} }}
        fragment Items on User {{ items {{ id }} }}"""
    each = 1 + 1 + ROOT_FIELD

    assert cost_of(text).of({"ids": ["a", "b"]}) == ROOT_FIELD + 1 + items * each + each


def test_a_root_field_counts_wherever_it_is_spread() -> None:
    spread = cost_of("{ ...F me { ...F } } fragment F on Query { user { id } }")

    assert spread.of({}) == (ROOT_FIELD + 2) + (ROOT_FIELD + 1 + 2)


def test_a_bomb_is_counted_as_what_it_would_be_and_no_more() -> None:
    chain = " ".join(f"fragment F{n} on User {{ id ...F{n + 1} ...F{n + 1} }}" for n in range(100))

    assert cost_of(f"{{ user {{ ...F0 }} }} {chain} fragment F100 on User {{ id }}").of({}) > 10**11


def test_every_new_length_does_not_stay_for_ever() -> None:
    cost = cost_of("query ($ids: [ID!]!) { users(ids: $ids) { id } }")
    asked = [""] * 4_000
    stays = []

    tracemalloc.start()
    for length in range(len(asked)):
        assert cost.of({"ids": asked[:length]}) == ROOT_FIELD + length * 2
        if length % 2_000 == 1_999:
            stays.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert stays[1] < stays[0] + 20_000
