"""Which answers anybody may keep, and for how long; every other answer nobody keeps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
)

from api.http import Headers

PUBLIC: Final = frozenset({"item", "population", "__typename"})
"""Root fields whose answers are about no visitor. Whatever is not here is a visitor's own."""

VARY: Final = b"accept, accept-encoding, authorization"
PRIVATE: Final[Headers] = ((b"cache-control", b"private, no-store"), (b"vary", VARY))


def is_public(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Say whether an operation asks for nothing that is a visitor's own."""
    if operation.operation is not OperationType.QUERY:
        return False
    left: list[SelectionNode] = list(operation.selection_set.selections)
    seen: set[str] = set()
    while left:
        each = left.pop()
        if isinstance(each, FieldNode):
            if each.name.value not in PUBLIC:
                return False
        elif isinstance(each, InlineFragmentNode):
            left.extend(each.selection_set.selections)
        elif isinstance(each, FragmentSpreadNode) and each.name.value not in seen:
            seen.add(each.name.value)
            left.extend(fragments[each.name.value].selection_set.selections)
    return True


def public_headers(body: bytes, max_age: int) -> Headers:
    """Return the headers of an answer that anybody may keep, for so many seconds."""
    tag = blake2b(body, digest_size=12).hexdigest()
    return (
        (b"cache-control", b"public, max-age=%d" % max_age),
        (b"etag", f'W/"{tag}"'.encode()),  # weak: the same whether packed or not
        (b"vary", VARY),
    )


def is_known(headers: Headers, if_none_match: bytes | None) -> bool:
    """Say whether the caller has this answer already."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")}
    return b"*" in tags or dict(headers)[b"etag"].removeprefix(b"W/") in tags


@dataclass(slots=True)
class Wholeness:
    """Whether anything was missing from an answer while it was made."""

    whole: bool = True


_answer: ContextVar[Wholeness | None] = ContextVar("answer", default=None)


@contextmanager
def watched() -> Iterator[Wholeness]:
    """Watch the answer that is made within: one that lacks a part is not to be kept."""
    watched = Wholeness()
    token = _answer.set(watched)
    try:
        yield watched
    finally:
        _answer.reset(token)


def lacking() -> None:
    """Note that the answer that is being made lacks a part."""
    if made := _answer.get():
        made.whole = False
