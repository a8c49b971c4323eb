"""A document's operation, ready to be answered any number of times."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues
from strawberry import Schema

from api.plans.operation import Operation
from api.plans.run import Root, Run, Unplanned
from api.plans.sites import Collector, NotCovered, Selection, sites_in
from api.plans.source import Source
from api.plans.variables import Variables

MAX_BRANCHES = 16
"""Of one plan. Each combination of what `@skip` and `@include` are told is a document of its own;
more than a page switches between are answered by graphql-core."""


def compile_plan(
    schema: Schema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> "Plan | None":
    """Return the plan of an operation in a validated document, or None if it is not covered.

    Covered are queries with no other directives than `@skip` and `@include`, that do not ask about
    the schema and in which only root fields are async.
    """
    if operation.operation is not OperationType.QUERY or operation.directives:
        return None
    if any(fragment.variable_definitions for fragment in fragments.values()):
        return None
    found = _Directives()
    for node in (operation, *fragments.values()):
        visit(node, found)
    if not found.names <= {"skip", "include"}:
        return None
    plan = Plan(Operation(schema, operation, fragments), sorted(found.variables))
    return plan if plan.begins() else None


class Plan:
    """Answers an operation.

    What `@skip` and `@include` say is known before anything is resolved, so the plan has a branch
    for each combination that was asked for, and no branch has anything to decide. `size` is the
    number of fields that are compiled in all of them.
    """

    def __init__(self, operation: Operation, switches: Iterable[str] = ()) -> None:
        self.size = 0
        self._operation = operation
        self._variables = Variables(operation)
        self._switches = tuple(switches)
        self._branches: dict[tuple[Any, ...], tuple[Root, ...] | None] = {}

    def begins(self) -> bool:
        """Compile what can be compiled without variables, and say whether it is covered."""
        return bool(self._switches) or self._branch((), {}) is not None

    async def answer(self, variables: Mapping[str, Any] | None, context: object) -> ExecutionResult:
        """Return the answer, as graphql-core would give it.

        Raises:
            Unplanned: graphql-core has to give it, from now on.
        """
        given = variables or {}
        coerced = self._variables.coerced(given)
        if isinstance(coerced, list):
            return ExecutionResult(None, coerced)
        key = tuple(coerced.get(name, Undefined) for name in self._switches)
        roots = self._branches[key] if key in self._branches else self._branch(key, given)
        if roots is None:
            raise Unplanned
        run = Run(self._operation, coerced, lambda: self._variables.sources(given), context)
        try:
            return await run.answer(roots)
        except Unplanned:
            self._branches[key] = None
            raise

    def source(self) -> str:
        """Return the Python source of an operation without switches, to read or to log."""
        source = Source(self._operation.schema)
        source.roots(self._collected({}))
        return str(source)

    def _branch(self, key: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[Root, ...] | None:
        if len(self._branches) >= MAX_BRANCHES:
            return None
        roots: tuple[Root, ...] | None
        try:
            selection = self._collected(given)
            roots = Source(self._operation.schema).roots(selection)
            self.size += sites_in(selection)
        except (NotCovered, GraphQLError, RecursionError):  # graphql-core says what is wrong
            roots = None
        self._branches[key] = roots
        return roots

    def _collected(self, given: Mapping[str, Any]) -> Selection:
        operation = self._operation
        values = self._variables.sources(given) if self._switches else _NONE
        query = operation.core.query_type
        if query is None:
            raise NotCovered("there are no queries")
        return Collector(operation.core, operation.node, operation.fragments, values).root(query)


_NONE = VariableValues({}, {})


class _Directives(Visitor):
    """Finds the names of all directives, and the variables they are told by."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Note a directive. Those of variable definitions are none that are executed."""
        self.names.add(node.name.value)
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.variables.add(argument.value.name.value)
