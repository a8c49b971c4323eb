"""Deciding: the same inputs give the same bytes, and no data of a visitor breaks an answer."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from attune.adapters.cel import compiled
from attune.decide.content import Block, Content, Rule, Slot
from attune.decide.decision import decode, encode, facts_of
from attune.decide.expression import name_of, path_of
from attune.decide.facts import ROOTS, Facts
from attune.decide.playbook import Playbook
from attune.decide.rules import decide

NAMES = ("a", "b", "segment", "segments", "traits")

text = st.text(max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | text
    | st.sampled_from(["x", "y", "2026-03-01T10:00:00Z"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
visitors = st.fixed_dictionaries(
    {},
    optional={
        "user": st.dictionaries(st.sampled_from(NAMES), values),
        "prediction": st.dictionaries(st.sampled_from(NAMES), values),
        "session": st.dictionaries(st.sampled_from(NAMES), values),
        "item": st.dictionaries(st.sampled_from(NAMES), values),
    },
)
conditions = st.sampled_from(
    [
        "user.a > 3",
        "user.a == user.b",
        "user.a != 'x' || prediction.a > 0.5",
        "has(user.traits.plan) && user.traits.plan == 'pro'",
        "user.segments.exists(s, s == 'x')",
        "size(user.segments) > 1",
        "user.segments[0] == 'x'",
        "user.a.startsWith('x') ? user.b > 1 : !has(user.b)",
        'user.traits["odd \\"key"] == 1'.replace('\\"', ""),
        "user.segment in ['x', 'y']",
        "timestamp(user.a) > timestamp('2026-01-01T00:00:00Z')",
        "user.a + user.b > 2 * 3",
        "user.a.matches('^(x+)+$')",
        "user.traits.exists(k, k == 'x')",
        "user.a",
        "session.a > 3 && item.b != 'x'",
        "has(item.a) ? item.a == user.a : session.a == 1",
        "item.a.exists(s, s == 'x') || size(session.b) > 1",
    ]
)
BLOCKS = (
    Block("one", "hero", "C"),
    Block("two", "hero", "C", revision=7),
    Block("draft", "hero", "C", published=False),
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    block = st.sampled_from(["one", "two", "draft", "gone"])
    rules = [
        Rule("hero", position, draw(conditions), draw(block))
        for position in range(draw(st.integers(0, 5)))
    ]
    return Content((), (Slot("hero", fallback=draw(st.none() | block)),), BLOCKS, tuple(rules))


@given(contents(), visitors, st.integers(0, 2**53))
def test_replaying_what_a_decision_recorded_gives_identical_bytes(
    content: Content, visitor: dict[str, object], at: int
) -> None:
    playbook = Playbook.of(content, compiled)
    first = encode(decide(playbook, "hero", playbook.facts(visitor), decision_id="d", at=at))
    stored = decode(first)

    again = decide(playbook, "hero", facts_of(stored), decision_id="d", at=stored.at)

    assert encode(stored) == first
    assert encode(again) == first


@given(contents(), visitors)
def test_facts_survive_storage_and_decide_the_same(
    content: Content, visitor: dict[str, object]
) -> None:
    playbook = Playbook.of(content, compiled)
    facts = playbook.facts(visitor)
    stored = Facts(msgspec.json.decode(msgspec.json.encode(facts.values)))

    decisions = [decide(playbook, "hero", each, decision_id="d", at=0) for each in (facts, stored)]

    assert encode(decisions[0]) == encode(decisions[1])


@given(contents(), visitors)
def test_what_a_playbook_does_not_read_changes_nothing(
    content: Content, visitor: dict[str, object]
) -> None:
    playbook = Playbook.of(content, compiled)

    more = {"user": {"unread": {"x": [1]}}, "other": 2}
    more["user"] |= visitor.get("user", {})

    decisions = [
        decide(playbook, "hero", playbook.facts(each), decision_id="d", at=0)
        for each in (visitor, visitor | more)
    ]

    assert encode(decisions[0]) == encode(decisions[1])


@given(contents(), visitors)
def test_the_block_comes_from_the_first_rule_that_is_not_skipped(
    content: Content, visitor: dict[str, object]
) -> None:
    playbook = Playbook.of(content, compiled)

    decision = decide(playbook, "hero", playbook.facts(visitor), decision_id="d", at=0)

    asked = [skipped.rule for skipped in decision.why.skipped] + (
        [decision.why.rule] if decision.why.rule else []
    )
    assert asked == [rule.id for rule in content.rules][: len(asked)]
    assert decision.block in (*decision.why.eligible, None)
    assert bool(decision.why.rule) == (decision.why.basis == "rule")


@given(st.sampled_from(ROOTS), st.lists(st.text(max_size=6), min_size=0, max_size=4))
def test_every_path_has_a_name_that_leads_back(root: str, keys: list[str]) -> None:
    path = (root, *keys)

    assert path_of(name_of(path)) == path


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_is_refused_with_a_reason(source: str) -> None:
    playbook = Playbook.of(
        Content((), (Slot("hero"),), BLOCKS, (Rule("hero", 1, source, "one"),)), compiled
    )

    decision = decide(playbook, "hero", playbook.facts({}), decision_id="d", at=0)

    assert decision.block == "one" or decision.why.skipped[0].reason
