"""When a document is compiled, what is kept of it, and what is left to graphql-core."""

import asyncio
import gc
from typing import Any

import pytest
import strawberry
from graphql import DocumentNode, ExecutionResult, parse, validate

from api.execute import Executor
from api.plans import compile_plan
from api.plans.plan import MAX_BRANCHES


@strawberry.type
class Person:
    name: str

    @strawberry.field
    def friend(self, name: str = "Bob") -> "Person":
        return Person(name=name)

    @strawberry.field
    async def slow(self) -> str:
        return "slow"

    @strawberry.field(graphql_type=str)
    def perhaps(self) -> Any:
        async def wait() -> str:
            return f"later {self.name}"

        return wait()


@strawberry.type
class Query:
    @strawberry.field
    async def person(self, name: str = "Ada") -> Person:
        return Person(name=name)

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("broken")


@strawberry.type
class Mutation:
    @strawberry.field
    def rename(self) -> str:
        return "renamed"


SCHEMA = strawberry.Schema(Query, Mutation)


class Counting(Executor):
    """Counts what graphql-core answers."""

    interpreted = 0

    async def interpret(self, *args: Any) -> ExecutionResult:
        self.interpreted += 1
        return await super().interpret(*args)


def read(text: str) -> DocumentNode:
    document = parse(text)
    assert not validate(SCHEMA._schema, document)  # noqa: SLF001 - strawberry has no other way to it
    return document


async def ask(executor: Executor, text: str, name: str | None = None, **variables: Any) -> Any:
    result = await executor.execute(
        read(text), text_key=text, operation_name=name, variables=variables, context=None
    )
    assert not result.errors, result.errors
    return result.data


async def test_a_document_is_compiled_when_it_comes_back() -> None:
    executor = Counting(SCHEMA)

    answers = [await ask(executor, "{ person { name } }") for _ in range(3)]

    assert answers == [{"person": {"name": "Ada"}}] * 3
    assert executor.interpreted == 1


async def test_a_document_that_is_prepared_is_compiled_before_it_is_asked_for() -> None:
    executor = Counting(SCHEMA)

    assert executor.prepare(read("{ person { name } }"), text_key="{ person { name } }")
    await ask(executor, "{ person { name } }")

    assert executor.interpreted == 0


@pytest.mark.parametrize(
    "text",
    [
        "mutation { rename }",
        "{ __schema { queryType { name } } }",
        '{ person { name } __type(name: "Person") { name } }',
        "{ person { slow } }",
        "{ person { friend { friend { slow } } } }",
        "{ " + " ".join(f"a{n}: person {{ name }}" for n in range(1_001)) + " }",
    ],
)
async def test_what_is_not_covered_is_answered_by_graphql_core(text: str) -> None:
    executor = Counting(SCHEMA)

    assert not executor.prepare(read(text), text_key=text)
    assert await ask(executor, text) == await ask(executor, text)
    assert executor.interpreted == 2


async def test_fragments_that_unfold_without_end_are_not_compiled() -> None:
    levels = "".join(
        f"fragment F{n} on Person {{ a: friend {{ ...F{n + 1} }} b: friend {{ ...F{n + 1} }} }}"
        for n in range(40)
    )
    document = parse(f"{{ person {{ ...F0 }} }} {levels} fragment F40 on Person {{ name }}")

    assert not Executor(SCHEMA).prepare(document, text_key="bomb")


async def test_a_resolver_below_the_root_may_give_something_to_await() -> None:
    executor = Counting(SCHEMA)
    text = '{ a: person { name perhaps } b: person(name: "Bob") { perhaps } }'

    answers = [await ask(executor, text) for _ in range(4)]

    assert (
        answers
        == [{"a": {"name": "Ada", "perhaps": "later Ada"}, "b": {"perhaps": "later Bob"}}] * 4
    )


async def test_each_operation_of_a_document_has_its_plan() -> None:
    executor = Counting(SCHEMA)
    text = 'query A { person { name } } query B { person(name: "Bob") { name } }'

    for _ in range(3):
        assert await ask(executor, text, "A") == {"person": {"name": "Ada"}}
        assert await ask(executor, text, "B") == {"person": {"name": "Bob"}}
    unnamed = await executor.execute(
        read(text), text_key=text, operation_name=None, variables=None, context=None
    )

    assert executor.interpreted == 3
    assert unnamed.errors is not None
    assert unnamed.errors[0].message.startswith("Must provide operation name")


async def test_directives_choose_a_branch_that_is_compiled_once() -> None:
    executor = Counting(SCHEMA)
    text = "query ($on: Boolean!) { person { name @include(if: $on) friend { name } } }"
    executor.prepare(read(text), text_key=text)

    for _ in range(2):
        with_name = await ask(executor, text, on=True)
        without = await ask(executor, text, on=False)

    assert with_name == {"person": {"name": "Ada", "friend": {"name": "Bob"}}}
    assert without == {"person": {"friend": {"name": "Bob"}}}
    assert executor.interpreted == 0


async def test_more_branches_than_a_page_has_are_answered_without_a_plan() -> None:
    executor = Counting(SCHEMA)
    names = [f"v{n}" for n in range(6)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: broken @include(if: ${name})" for name in names)
    text = f"query ({head}) {{ person {{ name }} {fields} }}"
    executor.prepare(read(text), text_key=text)

    for number in range(2 * MAX_BRANCHES):
        asked = {name: bool(number >> n & 1) for n, name in enumerate(names)}
        result = await executor.execute(
            read(text), text_key=text, operation_name=None, variables=asked, context=None
        )
        assert len(result.errors or ()) == sum(asked.values())

    assert executor.interpreted == MAX_BRANCHES


async def test_plans_of_documents_that_never_come_back_do_not_fill_the_memory() -> None:
    executor = Executor(SCHEMA)
    document = read("{ person { name } }")
    for number in range(10_000):
        for _ in range(1 if number % 100 else 2):
            await executor.execute(
                document, text_key=number, operation_name=None, variables=None, context=None
            )

    assert len(executor._known) == 2_000  # noqa: SLF001 - what is tested


async def test_an_answer_of_a_plan_leaves_no_garbage() -> None:
    executor = Executor(SCHEMA)
    text = "query ($name: String!) { person(name: $name) { name friend { friend { name } } } }"
    for _ in range(3):
        await executor.execute(
            read(text), text_key=text, operation_name=None, variables={"name": "A"}, context=None
        )
    document = read(text)
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            await executor.execute(
                document, text_key=text, operation_name=None, variables={"name": "A"}, context=None
            )
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_source_of_a_plan_can_be_read() -> None:
    document = read("{ person { friend { name } } }")
    plan = compile_plan(SCHEMA, document.definitions[0], {})

    assert plan is not None
    assert "try:  # person.friend.name" in plan.source()
    assert asyncio.run(plan.answer(None, None)).data == {"person": {"friend": {"name": "Bob"}}}
