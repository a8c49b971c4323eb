import pytest

from api.documents import Documents
from api.refusal import Refused
from api.schema import build_schema
from attune.settings import Api, Limits
from attune.telemetry import DOCUMENTS_PARSED
from feature_repo.views import FEATURES

PAGE = "query Page($id: ID) { user(id: $id) { id segment } }"


def documents(**settings: object) -> Documents:
    return Documents(build_schema(FEATURES), Api.model_validate(settings))


def parsed() -> float:
    return DOCUMENTS_PARSED._value.get()  # noqa: SLF001 - there is no other way to read one


def codes(documents: Documents, text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        documents.find(text)
    return [error["extensions"]["code"] for error in refused.value.errors]


def test_a_text_is_parsed_and_validated_once_with_all_limits_on() -> None:
    found = documents()
    before = parsed()

    made = {id(found.find("".join(PAGE))) for _ in range(1_000)}

    assert len(made) == 1
    assert parsed() == before + 1


def test_a_text_that_is_refused_again_and_again_is_looked_at_once() -> None:
    found = documents()
    before = parsed()

    for _ in range(100):
        assert codes(found, "{ nothing }") == ["GRAPHQL_VALIDATION_FAILED"]

    assert parsed() == before + 1


def test_a_flood_of_texts_good_and_bad_leaves_what_pages_ask_alone() -> None:
    found = documents(cached_documents=8)
    page = found.find(PAGE)
    assert found.find(PAGE) is page

    for number in range(100):
        found.find(f'{{ user(id: "{number}") {{ id }} }}')
        codes(found, f'{{ user(id: "{number}") {{ nothing }} }}')

    assert found.find(PAGE) is page


def test_memory_is_bounded_by_bytes_as_well() -> None:
    found = documents(cached_bytes=60_000)
    first = found.find(PAGE)
    found.find(PAGE)

    for number in range(100):
        for _ in range(2):
            found.find(f'{{ user(id: "{number}") {{ id }} }}')

    assert found.find(PAGE) is not first


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        ("{ user(id: 1) { id } }" + " " * 100, {"characters": 100}, "CHARACTERS_LIMIT"),
        ("{ user(id: 1) { id } }", {"tokens": 5}, "TOKENS_LIMIT"),
        ("#\n" * 6 + "{ user(id: 1) { id } }", {"tokens": 5}, "TOKENS_LIMIT"),
        ("{ a " * 1_000, {"tokens": 10_000}, "DEPTH_LIMIT"),
        ("{ user(id: 1) { id } }", {"depth": 1}, "DEPTH_LIMIT"),
    ],
)
def test_what_is_too_much_is_refused_with_the_setting_that_says_so(
    text: str, limits: dict[str, int], code: str
) -> None:
    found = documents(limits=Limits.model_validate(limits))

    with pytest.raises(Refused) as refused:
        found.find(text)

    (error,) = refused.value.errors
    assert error["extensions"]["code"] == code
    assert "ATTUNE_API__LIMITS__" in error["extensions"]["remedy"]
    assert error["extensions"]["limit"]


def test_only_the_first_errors_of_a_document_are_told() -> None:
    text = "{ user(id: 1) { " + " ".join(f"no{n}" for n in range(500)) + " } }"

    assert len(codes(documents(), text)) <= 11


@pytest.mark.parametrize(
    "text", ["{ __schema { types { name } } }", '{ __type(name: "User") { name } }']
)
def test_the_schema_is_told_in_development_only(text: str) -> None:
    assert codes(documents(), text) == ["INTROSPECTION_OFF"]
    assert documents(introspection=True).find(text)


def test_which_names_are_near_is_told_in_development_only() -> None:
    with pytest.raises(Refused) as closed:
        documents().find("{ user(id: 1) { segmen } }")
    with pytest.raises(Refused) as open_:
        documents(introspection=True).find("{ user(id: 1) { segmen } }")

    assert "segment" not in str(closed.value).replace("segmen'", "")
    assert "Did you mean 'segment'" in str(open_.value)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ('{ item(id: "a") { id } }', True),
        ('{ ...F ...F } fragment F on Query { item(id: "a") { id } __typename }', True),
        ('{ ... { population(id: "customers") { id } } }', True),
        ('{ user(id: "a") { id } }', False),
        ('{ item(id: "a") { id } ...F } fragment F on Query { user(id: "a") { id } }', False),
        ('{ user: item(id: "a") { id } }', True),
        ('{ item: user(id: "a") { id } }', False),
        ('{ session(id: "a") { id } }', False),
        ("{ exposures { shown } }", False),
    ],
)
def test_an_answer_is_public_only_where_all_of_it_is(text: str, public: bool) -> None:  # noqa: FBT001
    assert documents().find(text).operation(None).public is public


def test_the_operation_that_is_named_is_found() -> None:
    found = documents().find("query A { user(id: 1) { id } } query B { item(id: 1) { id } }")

    assert found.operation("A").node.name.value == "A"  # type: ignore[union-attr]
    for name, says in ((None, "several operations"), ("C", "no operation named C")):
        with pytest.raises(Refused, match=says):
            found.operation(name)
