import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import pytest
from graphql import DocumentNode, parse

from api.documents import Documents
from api.limits import check
from api.refusal import Refused
from api.schema import build_schema
from attune.settings import Api, Limits
from feature_repo.views import FEATURES

WIDE = Limits(
    **dict.fromkeys(Limits.model_fields, 10**9)  # type: ignore[arg-type]
)


def bomb(links: int) -> str:
    """Each fragment spreads the next one twice: 2 ** links fields."""
    chain = " ".join(
        f"fragment F{n} on User {{ a: id ...F{n + 1} ...F{n + 1} }}" for n in range(links)
    )
    return f"{{ user {{ ...F0 }} }} {chain} fragment F{links} on User {{ id }}"


def nested(levels: int) -> str:
    return "{ a " * levels + "}" * levels


def wide(fields: int) -> str:
    return "{ " + " ".join(f"f{n} @skip(if: true)" for n in range(fields)) + " }"


def chained(links: int) -> str:
    """Each fragment spreads the next one once, and everything is spread from the top as well."""
    chain = " ".join(f"fragment F{n} on User {{ id ...F{n + 1} }}" for n in range(links))
    spreads = " ".join(f"...F{n}" for n in range(links))
    return f"{{ user {{ {spreads} }} }} {chain} fragment F{links} on User {{ id }}"


def code_of(text: str, **limits: int) -> tuple[str, int | None, int | None]:
    with pytest.raises(Refused) as refused:
        check(parse(text), Limits(**limits))
    (error,) = refused.value.errors
    told = error["extensions"]
    assert told["remedy"]
    return told["code"], told.get("found"), told.get("limit")


@pytest.mark.parametrize(
    ("text", "limits", "code", "found"),
    [
        ("{ a { b { c } } }", {"depth": 2}, "DEPTH_LIMIT", 3),
        ("{ a { ...F } } fragment F on A { b { c } }", {"depth": 2}, "DEPTH_LIMIT", 3),
        ("{ a { ... { ... on A { b { c } } } } }", {"depth": 2}, "DEPTH_LIMIT", 3),
        ("{ a b c }", {"fields": 2}, "FIELDS_LIMIT", 3),
        ("query A { a b } query B { c }", {"fields": 2}, "FIELDS_LIMIT", 3),
        ("{ x: a y: a z: a }", {"aliases": 2}, "ALIASES_LIMIT", 3),
        ("{ ...F ...F } fragment F on A { x: a y: b }", {"aliases": 3}, "ALIASES_LIMIT", 4),
        ("query @a { b @c ... @d { e } }", {"directives": 2}, "DIRECTIVES_LIMIT", 3),
        ("{ a b c }", {"root_fields": 2}, "ROOT_FIELDS_LIMIT", 3),
        ("{ a ...F } fragment F on Q { b c }", {"root_fields": 2}, "ROOT_FIELDS_LIMIT", 3),
        ("{ a a a }", {"duplicates": 2}, "DUPLICATES_LIMIT", 3),
        ("{ x: a x: a x: a }", {"duplicates": 2}, "DUPLICATES_LIMIT", 3),
        ("{ a { b { c } } a { b { c c } } }", {"duplicates": 2}, "DUPLICATES_LIMIT", 3),
        ("{ a { c ...F ...F } } fragment F on A { c }", {"duplicates": 2}, "DUPLICATES_LIMIT", 3),
        # What nobody spreads is validated all the same; so is the first of two of one name.
        ("{ a } fragment F on A { c c c }", {"duplicates": 2}, "DUPLICATES_LIMIT", 3),
        (
            "{ ...F } fragment F on A { c c c } fragment F on A { c }",
            {"duplicates": 2},
            "DUPLICATES_LIMIT",
            3,
        ),
        ("{ a } fragment F on A { b }", {"definitions": 1}, "DEFINITIONS_LIMIT", 2),
        (bomb(40), {}, "FIELDS_LIMIT", 10**9),
    ],
)
def test_a_document_that_asks_too_much_is_told_what_was_found(
    text: str, limits: dict[str, int], code: str, found: int
) -> None:
    assert code_of(text, **limits)[:2] == (code, found)


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on A { ...F }",
        "{ a { ...F } } fragment F on A { b { ...G } } fragment G on B { ... { c { ...F } } }",
        "{ a } fragment F on A { ...G } fragment G on A { ...F }",
    ],
)
def test_fragments_that_spread_each_other_are_refused(text: str) -> None:
    assert code_of(text)[0] == "FRAGMENT_CIRCLE"


def test_questions_about_the_schema_may_be_deep() -> None:
    check(parse("{ __schema { types { fields { type { ofType { name } } } } } }"), Limits(depth=1))


def test_limits_are_met_exactly() -> None:
    text = "query @s { x: a { b ...F } } fragment F on A { c d }"
    exact = Limits(depth=2, fields=5, aliases=1, directives=1, definitions=2, duplicates=1)

    check(parse(text), exact)


def test_nesting_that_python_cannot_follow_is_refused() -> None:
    deep = "{ a { ...F0 } } " + " ".join(
        f"fragment F{n} on A {{ {'... { ' * 40} ...F{n + 1} {'}' * 40} }}" for n in range(50)
    )

    assert code_of(deep)[0] == "DEPTH_LIMIT"


@pytest.mark.parametrize("document", [bomb, nested, wide, chained])
def test_the_work_grows_with_the_document(document: Callable[[int], str]) -> None:
    """What these sums allow is written out: as many steps as the limit of fields, no more."""
    limits = WIDE.model_copy(update={"fields": 10})

    steps = [calls(partial(refused, parse(document(size)), limits)) for size in (15, 30, 60)]

    assert steps[1] <= 2.2 * steps[0]
    assert steps[2] <= 2.2 * steps[1]


def refused(document: DocumentNode, limits: Limits) -> None:
    with suppress(Refused):
        check(document, limits)


def calls(work: Callable[[], None]) -> int:
    """How many functions are called meanwhile, those written in C as well."""
    counted = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


WORST = {
    "fields": "{ user(id: 1) { features { activity { " + "views1h " * 1_900 + "} } } }",
    "nests": "{ user(id: 1) { " + "features { activity { views1h } } " * 280 + "} }",
    "unspread": "{ __typename } fragment F on User { "
    + "features { activity { views1h } } " * 280
    + "}",
    "spreads": "{ user(id: 1) { "
    + " ".join(f"...F{n}" for n in range(59))
    + " } } "
    + " ".join(f"fragment F{n} on User {{ id segment }}" for n in range(59)),
    "operations": " ".join(f"query A{n}($a: ID) {{ user(id: $a) {{ ...F }} }}" for n in range(59))
    + " fragment F on User { id segment degraded }",
    "bomb": bomb(58),
    "unknown": "{ user(id: 1) { " + " ".join(f"viewz{n}" for n in range(900)) + " } }",
    "places": "{ user(id: 1) { features { "
    + "activity { views1h views24h views7d views30d carts1h carts24h carts7d carts30d } " * 20
    + "} } }",
    "lists": '{ user(id: 1) { blocks(slots: ["' + '", "'.join("ab" * 400) + '"]) { key } } }',
    "comment": "{ user(id: 1) { id } } #" + "x" * 19_900,
    "string": '{ user(id: "' + "x" * 19_900 + '") { id } }',
    "block string": '{ user(id: """' + " \n" * 9_900 + '""") { id } }',
    "name": "{ user(id: 1) { " + "x" * 19_900 + " } }",
    "braces": "{ a " * 4_900,
    "brackets": "{ user(id: " + "[" * 19_900,
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_documents_cost_no_more_than_a_few_good_ones(name: str) -> None:
    schema = build_schema(FEATURES)
    page = "{ user(id: 1) { features { activity { views1h views24h views7d carts1h } } } }"

    def cpu(text: str) -> float:
        documents = Documents(schema, Api())  # one that remembers nothing
        started = time.process_time()
        with suppress(Refused):
            documents.find(text)
        return time.process_time() - started

    usual = min(cpu(page) for _ in range(5))
    worst = min(cpu(WORST[name]) for _ in range(3))

    assert worst < 50 * usual  # 20 where this was measured; without limits thousands
