"""Plans answer as graphql-core does: the same bytes of data, the same errors."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

import orjson
import pytest
from documents import Writer
from graphql import DocumentNode, ExecutionResult, parse, validate
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from odd_schema import ODD_SCHEMA

from api.execute import Executor

SEEN: Counter[str] = Counter()


def shown(result: ExecutionResult) -> tuple[Any, list[Any]]:
    """What a client sees, and what a log does; in this order."""
    try:
        data: Any = orjson.dumps(result.data)
    except TypeError:
        data = repr(result.data)
    errors = [(error.formatted, type(error.original_error)) for error in result.errors or ()]
    return data, errors


async def both(
    executor: Executor, document: DocumentNode, key: str, variables: Any, context: Any
) -> None:
    expected = await executor.interpret(document, None, variables, context)
    covered = executor.prepare(document, text_key=key)
    SEEN["covered" if covered else "not covered"] += 1
    SEEN["errors" if expected.errors else "no errors"] += 1
    for _ in range(2):
        got = await executor.execute(
            document, text_key=key, operation_name=None, variables=variables, context=context
        )
        assert shown(got) == shown(expected)
    for _ in range(10):  # what graphql-core lets go of in the background comes to its end
        await asyncio.sleep(0)


@given(chance=st.randoms(use_true_random=False), oddness=st.sampled_from([0.0, 0.05, 0.3]))
def test_any_document_is_answered_as_graphql_core_does(chance: Random, oddness: float) -> None:
    writer = Writer(ODD_SCHEMA._schema, chance)
    text = writer.document()
    document = parse(text)
    SEEN["all"] += 1
    assume(not validate(ODD_SCHEMA._schema, document))
    context = {"seed": str(chance.random()), "oddness": oddness}

    asyncio.run(both(Executor(ODD_SCHEMA), document, text, writer.variables, context))
