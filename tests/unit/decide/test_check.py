from typing import Any

import msgspec
import pytest

from attune.adapters.cel import compiled
from attune.decide.check import check
from attune.decide.content import Content, InvalidContent

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
    check(msgspec.convert(content, Content), compiled)


def test_content_that_agrees_with_itself_is_accepted() -> None:
    checked("slots", 0)


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
