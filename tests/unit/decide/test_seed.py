import json
from pathlib import Path

import pytest

from attune.decide.content import InvalidContent
from cli.seed.load import DEMO, read_seed

SEED = {
    "segments": [{"name": "loyal", "when": "user.sessions > 3", "description": "comes back"}],
    "slots": [{"key": "hero", "description": "top", "fallback": "plain"}],
    "blocks": [
        {"key": "plain", "slot": "hero", "component": "Text", "tags": ["a"], "content": {"x": 1}}
    ],
    "rules": [{"slot": "hero", "position": 1, "when": "true", "block": "plain"}],
}


def written(folder: Path, text: str) -> Path:
    file = folder / "seed.json"
    file.write_text(text)
    return file


def test_a_seed_is_read_as_content(tmp_path: Path) -> None:
    content = read_seed(written(tmp_path, json.dumps(SEED)))

    assert content.slots[0].fallback == "plain"
    assert content.blocks[0].tags == ("a",)
    assert content.rules[0].id == "hero/1"


def test_the_seed_of_the_demo_shop_agrees_with_itself() -> None:
    content = read_seed(DEMO)

    hero = [(rule.when, rule.block) for rule in content.rules if rule.slot == "hero"]
    assert [block for _, block in hero][:2] == ["premium-offer-banner", "recommendation-carousel"]


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ('{"rules": [{"slot": "hero"', None, "not JSON"),
        ("\ufeff{}", None, "not JSON"),
        ("[]", "", "Expected `object`, got `array`"),
        ('{"rulez": []}', "", "Object contains unknown field `rulez`"),
        ('{"blocks": [{"key": 3}]}', "blocks[0].key", "Expected `str`, got `int`"),
        ('{"blocks": [{"key": "x"}]}', "blocks[0]", "Object missing required field `slot`"),
        (
            json.dumps(SEED | {"rules": [SEED["rules"][0] | {"block": "gone"}]}),
            "rules[0].block",
            "there is no such block in slot hero",
        ),
        (
            json.dumps(SEED | {"segments": [{"name": "x", "when": "user.a ="}]}),
            "segments[0].when",
            "not CEL, at 1:8",
        ),
    ],
)
def test_a_seed_that_is_wrong_is_refused_with_place_and_remedy(
    tmp_path: Path, text: str, field: str | None, message: str
) -> None:
    file = written(tmp_path, text)

    with pytest.raises(InvalidContent) as refused:
        read_seed(file)

    assert refused.value.field == (str(file) if field is None else field)
    assert refused.value.message.startswith(message)
    assert refused.value.remedy


def test_a_seed_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidContent) as refused:
        read_seed(tmp_path / "nothing.json")

    assert refused.value.message == "cannot be read: No such file or directory"
