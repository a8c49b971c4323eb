"""Answers validated documents: by a plan where they have one, else by graphql-core."""

from collections.abc import AsyncGenerator, Hashable, Mapping
from enum import Enum, auto
from inspect import isawaitable
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    OperationDefinitionNode,
)
from strawberry import Schema
from strawberry.execution.is_awaitable import optimized_is_awaitable

from api.bounded import Bounded
from api.plans import Plan, Unplanned, compile_plan

MOST_PLANS, MOST_BYTES = 2_000, 64 * 1024 * 1024
"""Of all plans together, with the keys they are known by. A front end has some hundred documents of
some ten fields each."""

_FIELD = 1_500
"""Bytes that a compiled field takes, as measured."""

Key = tuple[Hashable, str | None]


class _Without(Enum):
    """Documents that have no plan."""

    YET = auto()
    """Answered once: compiling one that never comes back would be a waste, because it takes as long
    as ten answers of graphql-core."""
    EVER = auto()
    """Not covered."""


_Known = Plan | _Without


class Executor:
    """Answers the validated documents of a schema, and keeps the plans of those that come back.

    `hide_suggestions` keeps the schema's names out of errors.

    A document is known by the key that its caller gives it: equal keys, equal documents.
    """

    def __init__(self, schema: Schema, *, hide_suggestions: bool = False) -> None:
        self._schema = schema
        self._hide = hide_suggestions
        self._known: Bounded[Key, _Known] = Bounded(MOST_PLANS, MOST_BYTES)

    def prepare(
        self, document: DocumentNode, *, text_key: Hashable, operation_name: str | None = None
    ) -> bool:
        """Compile a document before it is asked for, and say whether it is covered."""
        return isinstance(self._compile((text_key, operation_name), document), Plan)

    async def execute(
        self,
        document: DocumentNode,
        *,
        text_key: Hashable,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        context: object,
    ) -> ExecutionResult:
        """Return the answer to a document that was validated."""
        key = text_key, operation_name
        known = self._known.get(key)
        if known is None:
            self._keep(key, _Without.YET)
        elif known is _Without.YET:
            known = self._compile(key, document)
        if isinstance(known, Plan):
            size = known.size
            try:
                return await known.answer(variables, context)
            except Unplanned:
                pass  # resolvers that were called by now are called once more
            finally:
                if known.size != size:
                    self._keep(key, known)
        return await self.interpret(document, operation_name, variables, context)

    async def interpret(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        context: object,
    ) -> ExecutionResult:
        """Return graphql-core's own answer to a document that was validated."""
        found = graphql.execute(
            self._schema._schema,  # noqa: SLF001 - strawberry has no other way to it
            document,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            context_value=context,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type] # says what it should
            executor_class=self._schema.execution_context_class,
            operation_extensions=None,
            hide_suggestions=self._hide,
        )
        return await found if isawaitable(found) else found

    async def subscribe(
        self,
        document: DocumentNode,
        *,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        context: object,
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """Return the results of a subscription, or one result where it cannot begin."""
        found: Any = graphql.subscribe(
            self._schema._schema,  # noqa: SLF001 - as above
            document,
            context_value=context,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            hide_suggestions=self._hide,
        )
        source: AsyncGenerator[ExecutionResult, None] | ExecutionResult = (
            await found if isawaitable(found) else found
        )
        return source

    def _compile(self, key: Key, document: DocumentNode) -> _Known:
        operation = _operation(document, key[1])
        plan = operation and compile_plan(self._schema, operation, _fragments(document))
        return self._keep(key, plan or _Without.EVER)

    def _keep(self, key: Key, known: _Known) -> _Known:
        fields = known.size if isinstance(known, Plan) else 0
        text = len(key[0]) if isinstance(key[0], str | bytes) else 0
        self._known.put(key, known, 1 + text + _FIELD * fields)
        return known


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """Return the operation that is meant, or None where none or no single one is."""
    every = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is None:
        return every[0] if len(every) == 1 else None
    named = [each for each in every if each.name and each.name.value == name]
    return named[-1] if named else None


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    every = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    return {each.name.value: each for each in every}
