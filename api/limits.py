"""How much a document asks, found in time that grows with its text, whatever it spreads.

A chain of fragments that each spread the next one twice is short and doubles with every link. So
sums are made once a fragment and used wherever it is spread; only what these sums allow is then
written out. Validation comes later: it takes ever longer, the more fields stand at one place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.refusal import Refused, over_limit, refuse
from attune.settings import Limits

_ENOUGH: Final = 10**9
"""No sum is larger than this, so that numbers of a bomb stay small numbers."""


class Sums(NamedTuple):
    """Of everything below a place, fragments written out wherever they are spread."""

    depth: int = 0
    fields: int = 0
    """And fragments, since each costs as much."""
    aliases: int = 0
    directives: int = 0

    def beside(self, other: "Sums") -> "Sums":
        """Return the sums of two parts of one selection."""
        return Sums(
            max(self.depth, other.depth),
            min(self.fields + other.fields, _ENOUGH),
            min(self.aliases + other.aliases, _ENOUGH),
            min(self.directives + other.directives, _ENOUGH),
        )


_Root = OperationDefinitionNode | FragmentDefinitionNode
_NOTHING: Final = Sums()
_UNDER: Final = frozenset({"__schema", "__type"})
"""Depth below them does not count: types lie in types, and graphql-core limits how deeply."""


def check(document: DocumentNode, limits: Limits) -> None:
    """See that a document asks no more than is answered.

    Raises:
        Refused: it does; says which limit, what was found, and what to do.
    """
    definitions = document.definitions
    if len(definitions) > limits.definitions:
        remedy = "send the operations apart"
        raise over_limit(
            "definitions", len(definitions), limits.definitions, remedy=remedy, node=None
        )
    fragments = {
        each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)
    }
    try:
        roots = _summed(document, _Expansion(fragments), limits)
    except RecursionError:
        raise _too_deep(limits) from None
    for root in roots:
        top = _by_name([root.selection_set], fragments)
        if isinstance(root, OperationDefinitionNode) and len(top) > limits.root_fields:
            remedy = "send several requests"
            raise over_limit("root_fields", len(top), limits.root_fields, remedy=remedy, node=root)
        _check_places(top, fragments, limits)


def _summed(document: DocumentNode, expansion: "_Expansion", limits: Limits) -> Sequence[_Root]:
    """Return operations, and fragments that none spreads: those are validated all the same.

    Raises:
        Refused: all of them together are over a limit.
    """
    roots: list[_Root] = []
    total = _NOTHING
    for each in sorted(document.definitions, key=_is_fragment):
        if isinstance(each, OperationDefinitionNode) or (
            isinstance(each, FragmentDefinitionNode) and not expansion.reached(each)
        ):
            roots.append(each)
            own = Sums(directives=len(each.directives or ()))
            total = total.beside(own).beside(expansion.of(each.selection_set))
    for what, remedy in (
        ("depth", "ask for fewer fields within fields"),
        ("fields", "ask for fewer"),
        ("aliases", "send several requests"),
        ("directives", "leave some out"),
    ):
        found, limit = getattr(total, what), getattr(limits, what)
        if found > limit:
            raise over_limit(what, found, limit, remedy=remedy, node=None)
    return roots


def _is_fragment(definition: DefinitionNode) -> bool:
    return isinstance(definition, FragmentDefinitionNode)


@dataclass(slots=True)
class _Expansion:
    fragments: dict[str, FragmentDefinitionNode]
    sums: dict[str, Sums] = field(default_factory=dict)
    """Of the fragments that were come across."""
    open: set[str] = field(default_factory=set)
    """Those that are being written out just now."""

    def reached(self, fragment: FragmentDefinitionNode) -> bool:
        """Say whether this one was summed; of two with one name the last is spread."""
        name = fragment.name.value
        return name in self.sums and self.fragments[name] is fragment

    def of(self, selected: SelectionSetNode | None) -> Sums:
        total = _NOTHING
        for selection in selected.selections if selected else ():
            total = total.beside(self._of_one(selection))
        return total

    def _of_one(self, selection: SelectionNode) -> Sums:
        directives = len(selection.directives or ())
        if isinstance(selection, FieldNode):
            below = self.of(selection.selection_set)
            deeper = 1 if selection.name.value in _UNDER else below.depth + 1
            own = Sums(deeper, 1, selection.alias is not None, directives)
            return own.beside(below._replace(depth=0))
        own = Sums(0, 1, 0, directives)
        if isinstance(selection, FragmentSpreadNode):
            return own.beside(self.of_fragment(selection.name.value))
        assert isinstance(selection, InlineFragmentNode)  # noqa: S101 - there is no fourth kind
        return own.beside(self.of(selection.selection_set))

    def of_fragment(self, name: str) -> Sums:
        known = self.sums.get(name)
        if known is not None:
            return known
        fragment = self.fragments.get(name)
        if fragment is None:  # validation says so
            return _NOTHING
        if name in self.open:
            raise _circle(name, fragment)
        self.open.add(name)
        below = self.of(fragment.selection_set)
        self.open.remove(name)
        own = Sums(directives=len(fragment.directives or ()))
        found = self.sums[name] = own.beside(below)
        return found


def _check_places(
    top: dict[str, list[FieldNode]],
    fragments: dict[str, FragmentDefinitionNode],
    limits: Limits,
) -> None:
    """See how often each field stands at its place of the answer; the sums are within limits."""
    places = [top]
    while places:
        for nodes in places.pop().values():
            if len(nodes) > limits.duplicates:
                remedy = "ask for a field once, and let fragments share less"
                raise over_limit(
                    "duplicates", len(nodes), limits.duplicates, remedy=remedy, node=nodes[0]
                )
            below = [node.selection_set for node in nodes if node.selection_set]
            if below:
                places.append(_by_name(below, fragments))


def _by_name(
    selected: Iterable[SelectionSetNode], fragments: dict[str, FragmentDefinitionNode]
) -> dict[str, list[FieldNode]]:
    """Return the fields of selections that lie over each other, by their name in the answer."""
    found: dict[str, list[FieldNode]] = {}
    left: list[SelectionNode] = [one for each in selected for one in each.selections]
    while left:
        selection = left.pop()
        if isinstance(selection, FieldNode):
            name = (selection.alias or selection.name).value
            found.setdefault(name, []).append(selection)
        else:
            left.extend(_inside(selection, fragments))
    return found


def _inside(
    spread: SelectionNode, fragments: dict[str, FragmentDefinitionNode]
) -> Sequence[SelectionNode]:
    if isinstance(spread, InlineFragmentNode):
        return spread.selection_set.selections
    assert isinstance(spread, FragmentSpreadNode)  # noqa: S101 - there is no other kind
    fragment = fragments.get(spread.name.value)
    return fragment.selection_set.selections if fragment else ()


def _circle(name: str, fragment: FragmentDefinitionNode) -> Refused:
    return refuse(
        f"fragment {name[:100]} spreads itself",
        code="FRAGMENT_CIRCLE",
        remedy="write out how deep it is to go",
        node=fragment,
    )


def _too_deep(limits: Limits) -> Refused:
    return over_limit(
        "depth", _ENOUGH, limits.depth, remedy="ask for fewer fields within fields", node=None
    )
