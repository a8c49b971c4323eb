"""The rule of the original brief, word for word in effect."""

import pytest

from attune.adapters.cel import compiled
from attune.decide.content import Block, Content, Rule, Slot
from attune.decide.decision import Decision
from attune.decide.playbook import Playbook
from attune.decide.rules import decide

CONTENT = Content(
    slots=(Slot("hero", fallback="standard-content"),),
    blocks=(
        Block("premium-offer-banner", "hero", "Banner"),
        Block("recommendation-carousel", "hero", "Carousel"),
        Block("standard-content", "hero", "Standard"),
    ),
    rules=(
        Rule("hero", 1, 'user.segment == "high_value"', "premium-offer-banner"),
        Rule("hero", 2, "user.behaviorScore > 80", "recommendation-carousel"),
    ),
)


def decided(**user: object) -> Decision:
    playbook = Playbook.of(CONTENT, compiled)
    return decide(playbook, "hero", playbook.facts({"user": user}), decision_id="d1", at=0)


@pytest.mark.parametrize(
    ("segment", "score", "block"),
    [
        ("high_value", 99.0, "premium-offer-banner"),
        ("high_value", 0.0, "premium-offer-banner"),
        ("new_visitor", 81.0, "recommendation-carousel"),
        ("new_visitor", 80.000001, "recommendation-carousel"),
        ("new_visitor", 81, "recommendation-carousel"),
        ("new_visitor", 80.0, "standard-content"),
        ("new_visitor", 80, "standard-content"),
        ("", 12.5, "standard-content"),
    ],
)
def test_segment_first_then_score_then_the_standard(segment: str, score: float, block: str) -> None:
    assert decided(segment=segment, behaviorScore=score).block == block


def test_someone_of_whom_nothing_is_known_gets_the_standard() -> None:
    decision = decided()

    assert decision.block == "standard-content"
    assert decision.why.basis == "fallback"
    assert [skipped.reason for skipped in decision.why.skipped] == [
        "user.segment is not known",
        "user.behaviorScore is not known",
    ]


def test_the_decision_says_why() -> None:
    why = decided(segment="new_visitor", behaviorScore=90.5).why

    assert why.summary == (
        "Rule hero/2 holds: user.behaviorScore > 80, with user.behaviorScore = 90.5."
    )
    assert [(skipped.rule, skipped.cause) for skipped in why.skipped] == [("hero/1", "false")]
    assert str(why.skipped[0].operands[0]) == 'user.segment = "new_visitor"'
