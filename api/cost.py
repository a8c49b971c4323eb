"""What an answer costs at most: its values, counted before it is made."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

ROOT_FIELD: Final = 10
"""Values that a root field counts beside those it answers: most read the store."""
_SEVERAL: Final = 64
"""Sizes of lists that are remembered; pages ask with the same ones each time."""
_CEILING: Final = 10**12

Variables = Mapping[str, Any]
Lengths: TypeAlias = tuple[tuple[str, int], ...]
"""Of lists, by the names of arguments."""


class Cost:
    """The cost of an operation, by the sizes of the lists in its variables.

    `list_size` is what a list counts as whose size nobody asked for. The document must be valid.
    """

    __slots__ = ("_known", "_list_size", "_sizes", "_walk", "names")

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        list_size: int,
    ) -> None:
        defaults = {
            each.variable.name.value: _literal_size(each.default_value, list_size)
            for each in operation.variable_definitions or ()
        }
        walk = _Walk(schema, fragments, list_size)
        root = schema.get_root_type(operation.operation)
        assert root is not None  # noqa: S101 - the document is valid
        self._walk: Callable[[Mapping[str, int]], int] = lambda sizes: walk.total(
            operation.selection_set, root, sizes
        )
        self._list_size = list_size
        self._known: dict[tuple[int, ...], int] = {(): self._walk(defaults)}
        self.names = tuple(walk.asked)
        """Variables that say how long a list is."""
        self._sizes = tuple(defaults[name] for name in self.names)

    def of(self, variables: Variables) -> int:
        """Return the values of the answer at most."""
        if not self.names:
            return self._known[()]
        sizes = tuple(
            self._size(variables[name]) if name in variables else default
            for name, default in zip(self.names, self._sizes, strict=True)
        )
        known = self._known.get(sizes)
        if known is None:
            known = self._walk(dict(zip(self.names, sizes, strict=True)))
            if len(self._known) > _SEVERAL:
                self._known.clear()
            self._known[sizes] = known
        return known

    def _size(self, value: object) -> int:
        """Return how long a list is; a value that is none stands for a list of one."""
        if isinstance(value, list):
            return len(value)
        return self._list_size if value is None else 1


_WEIGHTS: Final = {
    ("User", "blocks"): 30,
    ("Personalization", "blocks"): 30,
    ("User", "items"): ROOT_FIELD,
    ("User", "session"): ROOT_FIELD,
}
"""What a field costs beside its values, each of a list: a decision asks all rules of its slot, and
what is in play is read from the store."""
_SIZED: Final = {("User", "items"): "itemIds"}
"""Lists as long as the one that is given where the object is asked for; empty without one."""
_SIZING: Final = frozenset(name for name, _ in _SIZED)


class _Walk:
    """Counts with sums made once a fragment."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        list_size: int,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._list_size = list_size
        self._sizes: Mapping[str, int] = {}
        self._memo: dict[tuple[str, int, Lengths], int] = {}
        self.asked: dict[str, None] = {}

    def total(self, selected: SelectionSetNode, root: Any, sizes: Mapping[str, int]) -> int:  # noqa: ANN401 - any composite type
        self._sizes, self._memo = sizes, {}
        return self._of(selected, root, ROOT_FIELD)

    def _of(
        self,
        selected: SelectionSetNode,
        parent: Any,  # noqa: ANN401 - as above
        extra: int = 0,
        given: Lengths = (),
    ) -> int:
        found = 0
        for each in selected.selections:
            if isinstance(each, FieldNode):
                found += extra + self._of_field(each, parent, given)
            elif isinstance(each, InlineFragmentNode):
                inside = self._named(each.type_condition) or parent
                found += self._of(each.selection_set, inside, extra, given)
            elif isinstance(each, FragmentSpreadNode):
                found += self._of_fragment(each.name.value, extra, given)
        return min(found, _CEILING)

    def _of_fragment(self, name: str, extra: int, given: Lengths) -> int:
        key = name, extra, given
        if key not in self._memo:
            fragment = self._fragments[name]
            inside = self._named(fragment.type_condition)
            self._memo[key] = self._of(fragment.selection_set, inside, extra, given)
        return self._memo[key]

    def _of_field(self, node: FieldNode, parent: Any, given: Lengths) -> int:  # noqa: ANN401 - as above
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 1  # __typename of a union
        field = parent.fields.get(node.name.value)
        if field is None:
            return 1  # __typename, and introspection, which is for development
        kind, size = field.type, 1
        lengths = self._lengths(node.arguments or (), field.args)
        name = parent.name, node.name.value
        if name in _SIZED:
            asked = dict(given).get(_SIZED[name], 0)
        else:
            asked = max((length for _, length in lengths), default=self._list_size)
        while not hasattr(kind, "name"):
            if isinstance(kind, GraphQLList):
                size, asked = min(size * asked, _CEILING), self._list_size
            assert isinstance(kind, GraphQLList | GraphQLNonNull)  # noqa: S101 - no other wrapper
            kind = kind.of_type
        one = 1
        if node.selection_set:
            sized = lengths if kind.name in _SIZING else ()
            one += self._of(node.selection_set, kind, given=sized)
        return size * (one + _WEIGHTS.get(name, 0))

    def _lengths(self, arguments: tuple[ArgumentNode, ...], known: Mapping[str, Any]) -> Lengths:
        """Return the length of each list that a field is given."""
        lengths = []
        for each in arguments:
            kind = known[each.name.value].type
            if isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList):
                lengths.append((each.name.value, self._length(each.value)))
        return tuple(lengths)

    def _length(self, value: Any) -> int:  # noqa: ANN401 - any node of a value
        if isinstance(value, VariableNode):
            self.asked[value.name.value] = None
            return self._sizes[value.name.value]
        return _literal_size(value, self._list_size)

    def _named(self, condition: Any) -> Any:  # noqa: ANN401 - as above
        return self._schema.type_map[condition.name.value] if condition else None


def _literal_size(value: Any, unknown: int) -> int:  # noqa: ANN401 - any node of a value
    if isinstance(value, ListValueNode):
        return len(value.values)
    return unknown if value is None or isinstance(value, NullValueNode) else 1
