"""Stop 6 in GraphQL: what to show, and why."""

from enum import Enum

import strawberry
from strawberry.scalars import JSON

from api.visitor import Visitor
from attune.decide import decision as domain


@strawberry.type(description="A fact that a rule read. The value is null where it was not known.")
class Operand:
    """Name and value."""

    name: str
    value: JSON | None

    @classmethod
    def of(cls, operand: domain.Operand) -> "Operand":
        """Return an operand as GraphQL shows it."""
        return cls(name=operand.name, value=operand.value)


@strawberry.enum(description="What chose a block.")
class DecisionBasis(Enum):
    """Who decided."""

    RULE = strawberry.enum_value("rule", description="The first rule of the slot that holds.")
    FALLBACK = strawberry.enum_value("fallback", description="No rule holds: the slot's fallback.")
    NONE = strawberry.enum_value("none", description="Nothing could be shown.")


@strawberry.type(description="A rule that was asked before, and why it did not decide.")
class SkippedRule:
    """With what it was asked on."""

    rule: str
    expression: str
    operands: list[Operand]
    reason: str

    @classmethod
    def of(cls, skipped: domain.Skipped) -> "SkippedRule":
        """Return a skipped rule as GraphQL shows it."""
        return cls(
            rule=skipped.rule,
            expression=skipped.expression,
            operands=[Operand.of(each) for each in skipped.operands],
            reason=skipped.reason,
        )


@strawberry.type(description="Why a block was chosen.")
class Why:
    """The record of a decision."""

    basis: DecisionBasis
    summary: str = strawberry.field(description="One sentence.")
    rule: str | None = strawberry.field(description="The rule that decided.")
    expression: str | None = strawberry.field(description="What it says, in CEL.")
    operands: list[Operand] = strawberry.field(description="What it read of the visitor.")
    skipped: list[SkippedRule] = strawberry.field(description="Rules asked before, in order.")
    eligible: list[str] = strawberry.field(description="Published blocks of the slot.")
    content_version: str = strawberry.field(description="Of content and rules, a hash.")

    @classmethod
    def of(cls, why: domain.Why) -> "Why":
        """Return the reason as GraphQL shows it."""
        return cls(
            basis=DecisionBasis(why.basis),
            summary=why.summary,
            rule=why.rule or None,
            expression=why.expression or None,
            operands=[Operand.of(each) for each in why.operands],
            skipped=[SkippedRule.of(each) for each in why.skipped],
            eligible=list(why.eligible),
            content_version=why.playbook,
        )


@strawberry.type(description="What to show in a slot.")
class Block:
    """A decision with the content it chose."""

    decision_id: strawberry.ID = strawberry.field(
        description="Send it back as `decision_id` of the track event `Content Shown`."
    )
    slot: str
    key: str | None = strawberry.field(description="Null where nothing can be shown.")
    component: str | None = strawberry.field(description="The component that draws it.")
    content: JSON | None = strawberry.field(description="What the component is given.")
    tags: list[str]
    revision: int | None
    why: Why

    @classmethod
    def of(cls, visitor: Visitor, decision: domain.Decision) -> "Block":
        """Return a decision with its block."""
        block = visitor.current.playbook.blocks.get(decision.block or "")
        return cls(
            decision_id=strawberry.ID(decision.id),
            slot=decision.slot,
            key=decision.block,
            component=block.component if block else None,
            content=JSON(block.content) if block else None,
            tags=list(block.tags) if block else [],
            revision=decision.revision,
            why=Why.of(decision.why),
        )


def blocks_of(visitor: Visitor, slots: list[str] | None) -> list[Block]:
    """Decide each slot, all of them or those named."""
    wanted = list(visitor.current.playbook.places) if slots is None else slots
    return [Block.of(visitor, visitor.decide(slot)) for slot in wanted]
