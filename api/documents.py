"""A request's text becomes a document: parsed, within limits, valid, and kept for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ValidationRule

from api import limits as document_limits
from api.cache import Cache
from api.caching import is_public
from api.cost import Cost
from api.refusal import Refused, error_body, over_limit, refuse
from attune.settings import Api, Limits
from attune.telemetry import DOCUMENTS_PARSED

_ERRORS: Final = 10
"""Reported of one document at most."""
_TOKEN_BYTES: Final = 450
"""Memory of a parsed document for each of its tokens: measured on a page's query."""
_REFUSALS: Final = 200
_REFUSALS_BYTES: Final = 1024 * 1024
"""Of refused documents that are remembered: a front end with a mistake sends it again and again."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document."""

    node: OperationDefinitionNode
    cost: Cost
    public: bool
    """Whether the answer is about no visitor, and the same whoever asks."""

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document."""

    key: str
    """The SHA-256 of its text, in hex."""
    ast: DocumentNode
    operations: Mapping[str | None, Operation]
    """By name; the one that has none is None."""
    size: int
    """Bytes of memory, about."""

    def operation(self, name: str | None) -> Operation:
        """Return the operation that is asked for.

        Raises:
            Refused: there is none of this name, or several and none is named.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found:
            return found
        known = ", ".join(str(each)[:50] for each in self.operations if each) or "none has a name"
        if name is None:
            message = "the document has several operations"
            remedy = f"send operationName: {known}"
        else:
            message = f"the document has no operation named {name[:100]}"
            remedy = f"send operationName as one of: {known}; or leave it out if there is only one"
        raise refuse(message, code="OPERATION_NOT_FOUND", remedy=remedy)


class Documents:
    """Finds the document of a text; each text is parsed and validated once."""

    def __init__(self, schema: strawberry.Schema, settings: Api) -> None:
        self._schema = schema._schema  # noqa: SLF001 - graphql-core's own, which has no public name
        self._limits = settings.limits
        self._hide = not settings.introspection
        self._rules = specified_rules if settings.introspection else (*specified_rules, _Closed)
        self._found: Cache[str, Document] = Cache(settings.cached_documents, settings.cached_bytes)
        self._refused: Cache[str, Refused] = Cache(_REFUSALS, _REFUSALS_BYTES)

    def find(self, text: str) -> Document:
        """Return the document of a text that anybody may have written.

        Raises:
            Refused: it is none, asks too much, or does not fit the schema.
        """
        found = self._found.get(text)
        if found is not None:
            return found
        if len(text) > self._limits.characters:
            remedy = "ask for less, or send the operations apart"
            raise over_limit(
                "characters", len(text), self._limits.characters, remedy=remedy, node=None
            )
        refused = self._refused.get(text)
        if refused is not None:
            raise Refused(refused.errors)
        try:
            found = self._made(text, self._limits)
        except Refused as refusal:
            self._refused.put(text, Refused(refusal.errors), 2 * len(text) + 1_000)
            raise
        self._found.put(text, found, found.size)
        return found

    def texts(self) -> list[str]:
        """Return the texts that were asked for more than once, the longest unused first."""
        return self._found.kept()

    def trusted(self, text: str) -> Document:
        """Return the document of a text that the front ends' own build wrote: without limits.

        Raises:
            Refused: it is none, or does not fit the schema.
        """
        return self._made(text, None)

    def _made(self, text: str, limits: Limits | None) -> Document:
        DOCUMENTS_PARSED.inc()
        ast = _parsed(text, limits)
        if limits:
            document_limits.check(ast, limits)
        errors = validate(
            self._schema, ast, self._rules, max_errors=_ERRORS, hide_suggestions=self._hide
        )
        if errors:
            raise Refused([error_body(each, "GRAPHQL_VALIDATION_FAILED") for each in errors])
        fragments = {
            each.name.value: each
            for each in ast.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        operations = {
            each.name.value if each.name else None: self._operation(each, fragments)
            for each in ast.definitions
            if isinstance(each, OperationDefinitionNode)
        }
        if not operations:
            raise refuse(
                "the document holds no operation",
                code="OPERATION_NOT_FOUND",
                remedy="begin with { or query",
            )
        size = 2 * len(text) + _TOKEN_BYTES * ast.token_count
        return Document(sha256(text.encode()).hexdigest(), ast, operations, size)

    def _operation(
        self, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> Operation:
        cost = Cost(self._schema, node, fragments, self._limits.list_size)
        return Operation(node, cost, is_public(node, fragments))


def _parsed(text: str, limits: Limits | None) -> DocumentNode:
    tokens = limits.tokens if limits else None
    try:
        return parse(text, max_lexical_tokens=tokens, max_comments=tokens)
    except GraphQLError as error:
        if limits and error.message.endswith("Parsing aborted."):  # one of the limits given above
            raise _aborted(error, limits) from error
        raise Refused([error_body(error, "GRAPHQL_PARSE_FAILED")]) from error


def _aborted(error: GraphQLError, limits: Limits) -> Refused:
    too_deep = "nested too deeply" in error.message
    what, limit = ("depth", limits.depth) if too_deep else ("tokens", limits.tokens)
    told = error_body(error)
    told["extensions"] = {
        "code": f"{what.upper()}_LIMIT",
        "limit": limit,
        "remedy": f"ask for less, or raise ATTUNE_API__LIMITS__{what.upper()}",
    }
    return Refused([told])


class _Closed(ValidationRule):
    """The schema is not told where introspection is off; `__typename` is always answered."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        name = node.name.value
        if name in ("__schema", "__type"):
            extensions = {
                "code": "INTROSPECTION_OFF",
                "remedy": "read schema.graphql, or set ATTUNE_API__INTROSPECTION=true",
            }
            message = f"{name} is not answered here"
            self.report_error(GraphQLError(message, node, extensions=extensions))
