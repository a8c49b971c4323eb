"""The record of a decision: enough to say why, and to decide the same again."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from attune.decide.expression import Expression, name_of, path_of
from attune.decide.facts import Facts

Basis = Literal["rule", "fallback", "none"]
"""What chose the block: a rule, the slot's fallback, or nothing could."""

Cause = Literal["false", "missing", "error", "block"]
"""Why a rule was skipped: it does not hold; a fact is not known; it cannot be evaluated; its block
cannot be shown."""


class Operand(msgspec.Struct, frozen=True):
    """A fact that an expression read, and its value; None where it was not known."""

    name: str
    value: Any = None

    def __str__(self) -> str:
        shown = "unknown" if self.value is None else msgspec.json.encode(self.value).decode()
        return f"{self.name} = {shown}"


class Skipped(msgspec.Struct, frozen=True):
    """A rule that was asked before the one that matched."""

    rule: str
    expression: str
    operands: tuple[Operand, ...]
    cause: Cause
    reason: str


class Why(msgspec.Struct, frozen=True):
    """Why a decision is what it is.

    `rule` and `expression` are empty unless `basis` is "rule"; `eligible` are the published blocks
    of the slot; `playbook` is the version of the content.
    """

    basis: Basis
    rule: str
    expression: str
    operands: tuple[Operand, ...]
    skipped: tuple[Skipped, ...]
    eligible: tuple[str, ...]
    summary: str
    playbook: str


class Decision(msgspec.Struct, frozen=True):
    """Which block a visitor gets in a slot. `at` is in milliseconds since 1970."""

    id: str
    slot: str
    block: str | None
    revision: int | None
    at: int
    why: Why


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Decision] = msgspec.json.Decoder(Decision)


def encode(decision: Decision) -> bytes:
    """Return its JSON: the same bytes for the same decision, for ever."""
    return _encoder.encode(decision)


def decode(raw: bytes) -> Decision:
    """Return the decision in JSON that `encode` made.

    Raises:
        msgspec.DecodeError: it is something else.
    """
    return _decoder.decode(raw)


def facts_of(decision: Decision) -> Facts:
    """Return every fact that the decision rested on.

    With the playbook of its version, `decide` makes the same decision of them, byte for byte.
    """
    read = {path_of(operand.name): operand.value for operand in _all_operands(decision.why)}
    values: dict[str, Any] = {}
    for path, value in read.items():
        if any(path[:length] in read for length in range(1, len(path))):
            continue  # it is a part of another one
        inner = values
        for parent in path[:-1]:
            inner = inner.setdefault(parent, {})
        if value is not None:
            inner[path[-1]] = value
    return Facts.of(values)


def _all_operands(why: Why) -> Iterator[Operand]:
    for skipped in why.skipped:
        yield from skipped.operands
    yield from why.operands


def operands_of(expression: Expression, facts: Facts) -> tuple[Operand, ...]:
    """Return what the expression reads of these facts; many rules read the same."""
    paths = expression.operands
    found: tuple[Operand, ...] | None = facts.memo.get(paths)
    if found is None:
        found = tuple([Operand(name_of(path), facts.at(path)) for path in paths])
        facts.memo[paths] = found
    return found


def told(expression: str, operands: tuple[Operand, ...]) -> str:
    """Return the expression with the values it was asked on, for people."""
    return f"{expression}, with {', '.join(map(str, operands))}" if operands else expression
