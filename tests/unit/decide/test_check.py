from typing import Any

import msgspec
import pytest

from attune.adapters.cel import compiled
from attune.decide.check import check
from attune.decide.content import Content, InvalidContent
from attune.decide.vocabulary import vocabulary_of
from feature_repo.views import FEATURES

GOOD: dict[str, list[dict[str, Any]]] = {
    "segments": [{"name": "loyal", "when": "user.sessions > 3"}],
    "slots": [{"key": "hero", "fallback": "plain"}, {"key": "footer"}],
    "blocks": [
        {"key": "plain", "slot": "hero", "component": "Text"},
        {"key": "offer", "slot": "hero", "component": "Banner"},
    ],
    "rules": [{"slot": "hero", "position": 1, "when": "user.segment == 'loyal'", "block": "offer"}],
}


def checked(noun: str, place: int, **fields: object) -> None:
    content = {key: [dict(item) for item in items] for key, items in GOOD.items()}
    if place == len(content[noun]):
        content[noun].append(dict(content[noun][-1]))
    content[noun][place].update(fields)
    check(msgspec.convert(content, Content), compiled, vocabulary_of(FEATURES))


def test_content_that_agrees_with_itself_is_accepted() -> None:
    checked("slots", 0)


@pytest.mark.parametrize(
    "when",
    [
        "item.trend > 2.0 && item.views24h >= 5",
        "session.views >= 4 || has(session.pages)",
        "double(item.views24h) / 7.0 > user.behaviorScore",
        "user.rfm > 400 && 'x' in user.segments && user.traits.plan == 'pro'",
        "prediction.whatever > 0.5 && item.popularity > 3",
        'user.lastCategories[3].startsWith("home")',
        "timestamp(user.segment) > timestamp('2026-01-01T00:00:00Z')",
    ],
)
def test_a_rule_may_ask_of_the_visitor_the_visit_and_the_item(when: str) -> None:
    checked("rules", 0, when=when)


@pytest.mark.parametrize(
    ("when", "message", "remedy"),
    [
        ("item.trnd > 2.0", "there is no item.trnd", "Use trend."),
        ("session.views24h > 2", "there is no session.views24h", "Use views."),
        ("user.viewz24h > 2", "there is no user.viewz24h", "Use views24h or "),
        ('session["x y"] == 1', 'there is no session["x y"]', "Use one of: bounced, carts, "),
        ("item.trend > '2'", "it asks for what these types", "item.trend is float64: compare"),
        ("session.views / 2.0 > 1.0", "it asks for what these types", "session.views is int64: "),
        ("item.trend.x > 2", "it asks for what these types", "item.trend is float64: "),
        ("user.lastCategories > 2", "it asks for what these types", "user.lastCategories is str"),
    ],
)
def test_what_no_facts_could_decide_is_refused_with_names_or_types(
    when: str, message: str, remedy: str
) -> None:
    with pytest.raises(InvalidContent) as refused:
        checked("rules", 0, when=when)

    assert refused.value.field == "rules[0].when"
    assert refused.value.value == when
    assert refused.value.message.startswith(message)
    assert str(refused.value.remedy).startswith(remedy)


@pytest.mark.parametrize(
    ("noun", "place", "fields", "field", "message"),
    [
        ("rules", 0, {"block": "gone"}, "rules[0].block", "there is no such block in slot hero"),
        ("rules", 0, {"slot": "gone"}, "rules[0].slot", "there is no such slot"),
        ("rules", 0, {"slot": "footer"}, "rules[0].block", "there is no such block in slot foot"),
        ("rules", 0, {"when": "user.x >"}, "rules[0].when", "not CEL, at 1:9"),
        ("rules", 0, {"when": "user.x + 1"}, "rules[0].when", "it is neither true nor false"),
        ("rules", 1, {}, "rules[1].position", "slot hero has two rules at this position"),
        ("blocks", 1, {"key": "plain"}, "blocks[1].key", "two blocks have this key"),
        ("blocks", 1, {"key": "a b"}, "blocks[1].key", "not a name"),
        ("blocks", 1, {"slot": "gone"}, "blocks[1].slot", "there is no such slot"),
        ("blocks", 1, {"component": ""}, "blocks[1].component", "block offer names no component"),
        ("slots", 0, {"fallback": "gone"}, "slots[0].fallback", "there is no such block in slot"),
        ("segments", 0, {"name": ""}, "segments[0].name", "not a name"),
        ("segments", 0, {"when": "user.segment == 'x'"}, "segments[0].when", "a segment cannot"),
        (
            "segments",
            0,
            {"when": "session.views > 3"},
            "segments[0].when",
            "a segment cannot depend on session.views: it is about the visitor alone",
        ),
        ("segments", 0, {"when": "item.trend > 3.0"}, "segments[0].when", "a segment cannot"),
    ],
)
def test_content_that_contradicts_itself_is_refused_with_place_and_remedy(
    noun: str, place: int, fields: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(InvalidContent) as refused:
        checked(noun, place, **fields)

    assert refused.value.field == field
    assert refused.value.message.startswith(message)
    assert refused.value.remedy


def test_the_remedy_names_what_would_fit() -> None:
    with pytest.raises(InvalidContent) as refused:
        checked("rules", 0, block="ofer")

    assert refused.value.remedy == "Add it, or use one of: offer, plain."
