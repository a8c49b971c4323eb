"""Plans answer as graphql-core does: the same bytes of data, the same errors in the same order."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson
from credit import WITH_CREDIT
from documents import Writer
from graphql import DocumentNode, ExecutionResult, parse, validate
from hypothesis import assume, given
from hypothesis import strategies as st
from odd_schema import ODD_SCHEMA
from odd_visitors import odd_context
from strawberry import Schema

from api.execute import Executor
from api.schema import build_schema

SCHEMA = build_schema(WITH_CREDIT)


def shown(result: ExecutionResult) -> tuple[Any, list[Any]]:
    """What a client sees, and what a log does."""
    try:
        data: Any = orjson.dumps(result.data)
    except TypeError:  # an integer above 64 bits, from a scalar of our own
        data = repr(result.data)
    return data, [(error.formatted, repr(error.original_error)) for error in result.errors or ()]


async def compare(
    schema: Schema,
    document: DocumentNode,
    asked: Sequence[dict[str, Any]],
    context: Callable[[], Any],
) -> bool:
    """Compare graphql-core's answers with those of a plan; say whether there was one."""
    executor = Executor(schema)
    covered = executor.prepare(document, text_key="")
    for variables in asked:
        expected = await executor.interpret(document, None, variables, context())
        got = await executor.execute(
            document, text_key="", operation_name=None, variables=variables, context=context()
        )
        assert shown(got) == shown(expected)
    for _ in range(10):  # what graphql-core lets go of in the background comes to its end
        await asyncio.sleep(0)
    return covered


def document_of(
    schema: Schema, chance: Random, **among: tuple[str, ...]
) -> tuple[DocumentNode, list[dict[str, Any]]]:
    writer = Writer(schema._schema, chance, among)  # noqa: SLF001 - strawberry has no other way to it
    document = parse(writer.document())
    assume(not validate(schema._schema, document))  # noqa: SLF001 - as above
    return document, [writer.variables() for _ in range(3)]


@given(chance=st.randoms(use_true_random=False), oddness=st.sampled_from([0.0, 0.05, 0.3]))
def test_any_document_on_odd_objects_is_answered_as_graphql_core_does(
    chance: Random, oddness: float
) -> None:
    document, asked = document_of(ODD_SCHEMA, chance)
    context = {"seed": str(chance.random()), "oddness": oddness}

    asyncio.run(compare(ODD_SCHEMA, document, asked, lambda: context))


@given(chance=st.randoms(use_true_random=False))
def test_any_document_about_a_visitor_is_answered_as_graphql_core_does(chance: Random) -> None:
    document, asked = document_of(SCHEMA, chance)

    asyncio.run(compare(SCHEMA, document, asked, odd_context(str(chance.random()))))


@given(chance=st.randoms(use_true_random=False))
def test_any_document_about_what_is_in_play_is_answered_as_graphql_core_does(
    chance: Random,
) -> None:
    fields = ("session", "items", "blocks", "degraded")
    document, asked = document_of(SCHEMA, chance, Query=("user",), User=fields)

    asyncio.run(compare(SCHEMA, document, asked, odd_context(str(chance.random()))))
