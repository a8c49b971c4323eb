from collections.abc import Mapping

import pytest

from attune.adapters.cel import MAX_CHARACTERS, compiled
from attune.adapters.cel_plain import plain
from attune.adapters.cel_source import tokens_of
from attune.decide.expression import InvalidExpression, Missing, Undecided, name_of, path_of
from attune.decide.facts import Facts

ADA = {
    "user": {
        "segment": "high_value",
        "segments": ["high_value", "loyal"],
        "behaviorScore": 80.5,
        "views": 81,
        "isMember": True,
        "lastCategory": None,
        "seenAt": "2026-03-01T10:00:00Z",
        "traits": {"plan": "pro", "home town": "Graz"},
    },
    "prediction": {"purchase": 0.7},
}


def holds(source: str, values: Mapping[str, object] = ADA) -> bool:
    return compiled(source).holds(Facts.of(values))


@pytest.mark.parametrize(
    "source",
    [
        'user.segment == "high_value"',
        "user.behaviorScore > 80",
        "user.behaviorScore >= 80.5",
        "user.views > 80.5",
        "user.views == 81.0",
        "user.views in [80.0, 81.0]",
        "'loyal' in user.segments",
        "user.segments.exists(s, s.startsWith('loy'))",
        "user.isMember",
        "!(user.isMember && user.views < 3)",
        "user.traits.plan == 'pro' && user.traits[\"home town\"] == 'Graz'",
        "prediction.purchase > 0.5 ? user.isMember : false",
        "size(user.segments) == 2 && user.segments[0] == 'high_value'",
        "timestamp(user.seenAt) < timestamp('2026-03-02T00:00:00Z')",
        "user.views * 2 > 100 // and so on: || false",
        "double(user.views) / 2.0 > 40.0",
        "user.segment.matches('^high')",
        "true",
    ],
)
def test_what_content_teams_write_holds(source: str) -> None:
    assert holds(source)


@pytest.mark.parametrize(
    ("source", "operands"),
    [
        ("user.behaviorScore > 80", ["user.behaviorScore"]),
        ("user.a == user.b && user.a < prediction.buy", ["user.a", "user.b", "prediction.buy"]),
        ("user['a'] == 1 && user . b == 2", ["user.a", "user.b"]),
        ('user.traits["home town"] == "x"', ['user.traits["home town"]']),
        ("has(user.traits.plan)", ["user.traits.plan"]),
        ("user.segment.startsWith('user.x')", ["user.segment"]),
        ('user.a == "user.b \'user.c\' \\" user.d"', ["user.a"]),
        ("user.a == r'\\' || user.b == 1", ["user.a", "user.b"]),
        ("user.a > 1 // user.b\n && user.c > 1", ["user.a", "user.c"]),
        ("user.a == '''user.b ' user.c'''", ["user.a"]),
        ("user.items[0] == 'a'", ["user.items"]),
        ("user.items[user.n] == 'a'", ["user.items", "user.n"]),
        ("user.segments.exists(user_s, user_s == user.b)", ["user.segments", "user.b"]),
        ("user.a in [1, 2] && (user.b) in (user.c)", ["user.a", "user.b", "user.c"]),
        ("user.a > 1e3 && user.b > 0x1F", ["user.a", "user.b"]),
        ("'a' == b'a' || true", []),
    ],
)
def test_the_operands_of_an_expression_are_read_from_its_text(
    source: str, operands: list[str]
) -> None:
    assert [name_of(path) for path in compiled(source).operands] == operands


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "not CEL, at 1:1: Syntax error: mismatched input '<EOF>'"),
        ("user.score >", "not CEL, at 1:13"),
        ("user.score = 3", "not CEL, at 1:12"),
        ("__import__('os')", "there is no function __import__"),
        ("user.name.lower() == 'x'", "there is no function lower"),
        ("usr.score > 3", "usr is not known"),
        ("user.lastItems.exists(item, item == 'x')", "a loop cannot call its variable item"),
        ("session > 3", "session is used as a whole"),
        (".user.score > 3", "a name starts with a dot"),
        ("score > 3", "score is not known"),
        ("size(user) > 3", "user is used as a whole"),
        ("user[user.a] == 1", "user is used as a whole"),
        ("user.score == null", "null is not a value here"),
        ("user.segments.exists(user, user == 'x')", "a loop cannot call its variable user"),
        ("user.a.exists(x, user.a.exists(y, y == x))", "exists inside another loop"),
        ("user.score", None),
        ("user.score + 1", "it is neither true nor false"),
        ("-user.score", "it is neither true nor false"),
        ("'high_value'", "it is neither true nor false"),
        ("3", "it is neither true nor false"),
        ("[true]", "it is neither true nor false"),
        ("{'a': true}", "it is neither true nor false"),
        ("size(user.segments)", "it is neither true nor false"),
        ("(user.score * 2)", "it is neither true nor false"),
        ("user.isMember ? 'a' : 'b'", "it is neither true nor false"),
        ("user.a ? (user.b ? true : 1) : false", "it is neither true nor false"),
        ("user.segments.map(s, s == 'x')[0]", "there is no function map"),
        ("user.flags[0]", None),
        ("[true][0] && user.flags[user.n]", None),
        ("user.isMember ? user.a > 1 : has(user.b)", None),
        ("user.a == '" + "x" * MAX_CHARACTERS + "'", f"{MAX_CHARACTERS + 12} characters"),
    ],
)
def test_what_could_never_decide_is_refused_when_it_is_saved(
    source: str, message: str | None
) -> None:
    if message is None:
        compiled(source)
        return
    with pytest.raises(InvalidExpression) as refused:
        compiled(source)

    assert refused.value.message.startswith(message)
    assert refused.value.value == source[:100]
    assert refused.value.remedy


@pytest.mark.parametrize(
    "source",
    [
        "user.lastCategory == 'shoes'",
        "user.lastCategory != 'shoes'",
        "user.lastCategory.startsWith('s')",
        "user.isMember && user.lastCategory == 'shoes'",
    ],
)
def test_null_and_missing_are_both_unknown_and_give_no_answer(source: str) -> None:
    with pytest.raises(Missing, match=r"user\.lastCategory is not known"):
        holds(source)
    with pytest.raises(Missing, match=r"user\.lastCategory is not known"):
        holds(source, {"user": {"isMember": True}})


def test_an_unknown_operand_does_not_matter_where_the_other_side_settles_it() -> None:
    assert holds("user.lastCategory == 'shoes' || user.isMember")
    assert not holds("user.lastCategory == 'shoes' && !user.isMember")


def test_has_asks_whether_a_fact_is_known() -> None:
    assert holds("has(user.segment) && !has(user.lastCategory) && !has(user.nothing)")
    assert not holds("has(user.traits.plan)", {"user": {}} | {"user": {"traits": {}}})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("user.segment > 3", "it cannot be evaluated: No such overload"),
        ("user.behaviorScore + 1 > 3", "it cannot be evaluated: Unsupported operation: float"),
        ("user.views / 0 == 1", "it cannot be evaluated: division by zero"),
        ("user.segments[9] == 'x'", "it cannot be evaluated: index out of bounds: 9"),
        ("user.segment.matches('(')", "it cannot be evaluated: Function 'matches' error"),
        ("user.segment", "it gives a str, which is neither true nor false"),
        ("user.segments.exists(s, s > 3)", "it cannot be evaluated for each element of its list"),
        ("user.isMember && user.segment", "it cannot be evaluated"),
    ],
)
def test_what_fails_on_a_visitors_data_gives_no_answer_and_a_reason(
    source: str, reason: str
) -> None:
    with pytest.raises(Undecided) as undecided:
        holds(source)

    assert undecided.value.reason.startswith(reason)


def test_a_name_can_be_turned_back_into_its_path() -> None:
    for path in [("user", "a"), ("user", "traits", 'a "b" \\ c', "d"), ("user", "ü", "")]:
        assert path_of(name_of(path)) == path


def test_of_someone_unknown_every_operand_is_unknown() -> None:
    with pytest.raises(Missing, match=r"prediction\.purchase is not known"):
        holds("prediction.purchase > 0.5", {})
    assert holds("!has(user.segment)", {})


@pytest.mark.parametrize(
    "source",
    [
        "user.behaviorScore > 80 || user.views == -1.5",
        "user.traits.plan != 'pro' && !user.isMember",
        "size(user.segments) > 1 && user.segments[0].startsWith('high')",
        "!('loyal' in user.segments) || (true && !(false))",
        'user["behaviorScore"] <= 80 // and so on',
    ],
)
def test_what_compares_facts_with_literals_is_answered_without_the_library(source: str) -> None:
    part = plain(tokens_of(source))

    assert part is not None
    assert part.holds(Facts.of(ADA).values) is not None
    assert part.holds(Facts.of({}).values) in (None, True)  # what is not known is not guessed


@pytest.mark.parametrize(
    "source",
    [
        "user.views > user.behaviorScore",
        "user.views + 1 > 3",
        "has(user.segment)",
        "user.segment == 'a\\n'",
        "user.segment < 'b'",
        "user.segment in ['x', 'y']",
        "user.views > 9007199254740993",
        "user.views == 5u",
        "!user.isMember == true",
        "user.segment.matches('^h')",
        "user.views > 3 ? true : false",
        f"{'(' * 60}true{')' * 60}",
    ],
)
def test_whatever_else_there_is_the_library_answers(source: str) -> None:
    assert plain(tokens_of(source)) is None
