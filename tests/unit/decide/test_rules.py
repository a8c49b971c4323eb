from dataclasses import replace

import msgspec
import pytest

from attune.adapters.cel import compiled
from attune.decide.content import Block, Content, Rule, Slot
from attune.decide.decision import Decision, decode, encode, facts_of
from attune.decide.playbook import Playbook
from attune.decide.rules import decide

CONTENT = Content(
    slots=(Slot("hero", fallback="plain"), Slot("footer")),
    blocks=(
        Block("plain", "hero", "Text", revision=3),
        Block("offer", "hero", "Banner"),
        Block("note", "footer", "Text"),
    ),
    rules=(
        Rule("hero", 20, "user.score > 5", "offer"),
        Rule("hero", 10, "user.traits.plan == 'pro'", "plain"),
    ),
)
MANY = {"user": {"score": 7, "traits": {"plan": "free"}}}


def decided(content: Content, slot: str = "hero", values: object = MANY) -> Decision:
    playbook = Playbook.of(content, compiled)
    facts = playbook.facts(values)  # type: ignore[arg-type]  # tests pass plain dicts
    return decide(playbook, slot, facts, decision_id="d", at=5)


def changed(block: str, **fields: object) -> Content:
    blocks = tuple(
        msgspec.structs.replace(b, **fields) if b.key == block else b for b in CONTENT.blocks
    )
    return msgspec.structs.replace(CONTENT, blocks=blocks)


def test_rules_are_asked_by_position_not_in_the_order_they_are_stored() -> None:
    both = {"user": {"score": 7, "traits": {"plan": "pro"}}}

    assert decided(CONTENT, values=both).why.rule == "hero/10"


def test_a_rule_whose_block_is_not_published_is_skipped_and_says_so() -> None:
    decision = decided(changed("offer", published=False))

    assert decision.block == "plain"
    assert decision.why.skipped[1].cause == "block"
    assert decision.why.skipped[1].reason == "block offer is not published"
    assert decision.why.eligible == ("plain",)


def test_a_rule_whose_block_does_not_exist_is_skipped_and_says_so() -> None:
    gone = msgspec.structs.replace(CONTENT, blocks=CONTENT.blocks[:1])

    assert decided(gone).why.skipped[1].reason == "there is no block offer"


def test_a_rule_whose_block_is_for_another_slot_is_skipped_and_says_so() -> None:
    decision = decided(changed("offer", slot="footer"))

    assert decision.why.skipped[1].reason == "block offer is for slot footer"


def test_the_revision_that_is_shown_is_recorded() -> None:
    nobody: dict[str, object] = {}

    assert decided(CONTENT, values=nobody).revision == 3


def test_a_fallback_that_is_not_published_leaves_the_slot_empty_and_says_so() -> None:
    decision = decided(changed("plain", published=False), values={})

    assert (decision.block, decision.revision, decision.why.basis) == (None, None, "none")
    assert decision.why.summary == (
        "None of the 2 rules of slot hero decides, "
        "and its fallback cannot be shown: block plain is not published."
    )


def test_a_slot_without_rules_and_fallback_is_empty_and_says_so() -> None:
    assert decided(CONTENT, "footer").why.summary == (
        "Slot footer has no rules, and it has no fallback."
    )


def test_an_unknown_slot_is_a_decision_without_block_that_names_the_known_ones() -> None:
    decision = decided(CONTENT, "header")

    assert decision.block is None
    assert decision.why.summary == "There is no slot header; the slots are: footer, hero."


def test_an_expression_that_no_longer_compiles_does_not_stop_the_page() -> None:
    old = msgspec.structs.replace(
        CONTENT, rules=(Rule("hero", 1, "user.score >", "offer"), *CONTENT.rules)
    )

    decision = decided(old)

    assert decision.block == "offer"
    assert decision.why.skipped[0].cause == "error"
    assert decision.why.skipped[0].reason.startswith("not CEL, at 1:13")


def test_an_expression_that_fails_on_a_visitors_data_does_not_match_and_says_so() -> None:
    odd = {"user": {"score": "seven"}}

    decision = decided(CONTENT, values=odd)

    assert decision.block == "plain"
    assert decision.why.skipped[1].cause == "error"
    assert decision.why.skipped[1].reason.startswith("it cannot be evaluated: No such overload")


def test_a_decision_survives_storage_to_the_byte() -> None:
    raw = encode(decided(CONTENT))

    assert encode(decode(raw)) == raw


def test_a_stored_decision_holds_all_that_is_needed_to_decide_again() -> None:
    raw = encode(decided(CONTENT))
    stored = decode(raw)

    again = decide(
        Playbook.of(CONTENT, compiled),
        stored.slot,
        facts_of(stored),
        decision_id=stored.id,
        at=stored.at,
    )

    assert encode(again) == raw


def test_the_version_follows_the_content_and_not_the_order_of_the_store() -> None:
    one = Playbook.of(CONTENT, compiled)
    shuffled = Content(
        slots=CONTENT.slots[::-1], blocks=CONTENT.blocks[::-1], rules=CONTENT.rules[::-1]
    )

    assert Playbook.of(shuffled, compiled).version == one.version
    assert Playbook.of(changed("offer", revision=2), compiled).version != one.version


def test_a_playbook_says_what_it_reads_so_that_nothing_else_is_fetched() -> None:
    playbook = Playbook.of(CONTENT, compiled)

    assert set(playbook.reads) == {("user", "score"), ("user", "traits", "plan")}
    assert playbook.facts({"user": {"score": 1, "other": 2}}).values == {
        "user": {"score": 1, "traits": {}},
        "prediction": {},
    }


def test_a_playbook_cannot_be_changed() -> None:
    playbook = Playbook.of(CONTENT, compiled)

    with pytest.raises(TypeError):
        playbook.blocks["x"] = CONTENT.blocks[0]  # type: ignore[index]  # that is the test
    assert replace(playbook) == playbook
