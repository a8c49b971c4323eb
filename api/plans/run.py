"""One answer of a plan: what its source calls when a value is not what it nearly always is."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    ExecutionResult,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.executor import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from graphql.pyutils import gather_with_cancel
from strawberry.execution.is_awaitable import optimized_is_awaitable

from api.plans.awaiting import is_odd, let_go_of
from api.plans.operation import Operation
from api.plans.sites import At, Site

Build: TypeAlias = Callable[["Run", Any, At], Any]
"""Makes of an object what is answered of it."""

PLAIN: set[type] = set()
"""Classes whose objects are known to be what a resolver means: no exceptions, nothing to await."""

_MOST_CLASSES = 1_000  # a program that makes classes as it goes must not fill the memory with them


class Unplanned(Exception):
    """A resolver below the root gave something to await: only graphql-core can go on from there."""


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """A root field: how its value is had, and what is made of it."""

    site: Site
    call: Build
    complete: Build


class Run:
    """The variables, the context and the errors of one request.

    `all_variables` gives graphql-core's own form of the variables, which is needed rarely.
    """

    __slots__ = ("_executor", "_operation", "_variables", "context", "variables")

    def __init__(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        all_variables: Callable[[], VariableValues],
        context: object,
    ) -> None:
        self._operation = operation
        self._variables = all_variables
        self.variables = variables
        self.context = context
        self._executor: Any = None

    async def answer(self, roots: Sequence[Root]) -> ExecutionResult:
        """Return the answer.

        Raises:
            Unplanned: graphql-core has to answer.
        """
        data: dict[str, Any] | None
        try:
            data = await self._roots(roots)
        except GraphQLError as error:
            self.executor.collected_errors.add(error, None)
            data = None
        errors = self._executor.collected_errors.errors if self._executor else None
        return ExecutionResult(data, errors or None)

    async def _roots(self, roots: Sequence[Root]) -> dict[str, Any]:
        """Resolve the root fields: one after the other, and together where they are awaited."""
        data: dict[str, Any] = {}
        waiting: dict[str, Awaitable[Any]] = {}
        try:
            for root in roots:
                found = self._begin(root)
                data[root.site.key] = found
                if optimized_is_awaitable(found):
                    waiting[root.site.key] = found
        except Exception:
            if waiting:  # they may have begun, and must come to an end
                self.executor.settle_in_background(list(waiting.values()))
            raise
        if len(waiting) == 1:
            for key, found in waiting.items():
                data[key] = await found
        elif waiting:
            values = await gather_with_cancel(*waiting.values())
            data.update(zip(waiting, values, strict=True))
        return data

    def _begin(self, root: Root) -> Any:  # noqa: ANN401 - JSON of any type, or an awaitable of it
        site = root.site
        try:
            found = root.call(self, None, None)
            if optimized_is_awaitable(found):
                return self._later(root, found)
            return root.complete(self, found, None)
        except Exception as error:  # noqa: BLE001 - a resolver's, of any kind
            return self.failed(site, site.type, error, None)

    async def _later(self, root: Root, found: Awaitable[Any]) -> Any:  # noqa: ANN401 - as above
        site = root.site
        try:
            return root.complete(self, await found, None)
        except Exception as error:  # noqa: BLE001 - as above
            return self.failed(site, site.type, error, None)

    def failed(self, site: Site, type_: GraphQLOutputType, error: Exception, at: At) -> None:
        """Note an error and answer null in place of the value, if its type allows that.

        Raises:
            GraphQLError: it does not; then what is around is null.
        """
        if isinstance(error, Unplanned):
            raise error
        self.executor.handle_field_error(error, type_, site.details, site.path(at))

    def complete(self, site: Site, type_: GraphQLOutputType, value: object, at: At) -> Any:  # noqa: ANN401 - JSON
        """Have graphql-core make of a value what is answered of it.

        Raises:
            Unplanned: there is something to await.
            Exception: the value is not of the type.
        """
        executor = self.executor
        if optimized_is_awaitable(let_go_of(value)):
            raise Unplanned
        info, path = self.info(site, at), site.path(at)
        found = executor.complete_value(type_, site.details, info, path, value, None)
        if optimized_is_awaitable(found):
            executor.settle_in_background([found])
            raise Unplanned
        return found

    def build(self, site: Site, type_: GraphQLOutputType, build: Build, value: Any, at: At) -> Any:  # noqa: ANN401 - as above
        """Build an object of a class that was not met before; anything else goes the slow way."""
        if is_odd(value):
            return self.complete(site, type_, value, at)
        if len(PLAIN) < _MOST_CLASSES:
            PLAIN.add(value.__class__)
        return build(self, value, at)

    def one_of(
        self,
        site: Site,
        type_: GraphQLOutputType,
        builds: Mapping[str, Build],
        value: Any,  # noqa: ANN401 - as above
        at: At,
    ) -> Any:  # noqa: ANN401 - as above
        """Build an object whose type is found out now, of the types that it may have."""
        if is_odd(value):
            return self.complete(site, type_, value, at)
        info = self.info(site, at)
        found: Any = get_named_type(type_)
        if is_abstract_type(found):
            found = self._type_of(found, value, info)
        if found is None or (
            found.is_type_of and let_go_of(found.is_type_of(value, info)) is not True
        ):
            return self.complete(site, type_, value, at)  # it says what is wrong
        return builds[found.name](self, value, at)

    def _type_of(
        self,
        type_: GraphQLAbstractType,
        value: object,
        info: Any,  # noqa: ANN401 - as there
    ) -> GraphQLObjectType | None:
        name = let_go_of((type_.resolve_type or default_type_resolver)(value, info, type_))
        schema = self._operation.core
        found = schema.get_type(name) if isinstance(name, str) else None
        is_fitting = isinstance(found, GraphQLObjectType) and schema.is_sub_type(type_, found)
        return found if is_fitting else None  # type: ignore[return-value] # `is_fitting` says so

    def items(self, site: Site, type_: GraphQLOutputType, build: Build, value: Any, at: At) -> Any:  # noqa: ANN401 - as above
        """Build a list that is not of class `list`."""
        if value.__class__ is tuple:
            return build(self, value, at)
        return self.complete(site, type_, value, at)

    def info(self, site: Site, at: At) -> Any:  # noqa: ANN401 - graphql-core's info
        """Return what graphql-core tells a resolver; an item of a list has that of its field."""
        own = sum(step is None for step in site.steps)
        path = site.path(_outer(at, own))
        nodes = [each.node for each in site.details]
        return self.executor.build_resolve_info(site.definition, nodes, site.parent, path)

    @property
    def all_variables(self) -> VariableValues:
        """The variables with where they came from."""
        return self._variables()

    @property
    def executor(self) -> Any:  # noqa: ANN401 - of the class that the schema names
        """graphql-core's executor of this request, with the errors so far."""
        if self._executor is None:
            self._executor = self._new_executor()
        return self._executor

    def _new_executor(self) -> Any:  # noqa: ANN401 - as above
        schema, fragments = self._operation.schema, self._operation.fragments
        make: Any = schema.execution_context_class  # its arguments are strawberry's own
        return make(
            self._operation.core,
            dict(fragments),
            {name: FragmentDetails(node) for name, node in fragments.items()},
            None,
            self.context,
            self._operation.node,
            self.all_variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            operation_extensions=None,
        )


def _outer(at: At, indices: int) -> At:
    """Return the place without its innermost indices, so that `indices` are left."""
    depth, outer = 0, at
    while outer is not None:
        outer, depth = outer[0], depth + 1
    for _ in range(depth - indices):
        assert at is not None  # noqa: S101 - there are `depth` of them
        at = at[0]
    return at
