"""Stop 6 in GraphQL: what to show, and why."""

from collections.abc import Sequence
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from api.visitor import Visitor
from attune.decide import decision as domain


@strawberry.type(description="A fact that a rule read. The value is null where it was not known.")
class Operand:
    """How a `domain.Operand` looks."""

    name: str
    value: JSON | None


@strawberry.enum(description="What chose a block.")
class DecisionBasis(Enum):
    """Who decided."""

    RULE = strawberry.enum_value("rule", description="The first rule of the slot that holds.")
    FALLBACK = strawberry.enum_value("fallback", description="No rule holds: the slot's fallback.")
    NONE = strawberry.enum_value("none", description="Nothing could be shown.")


_BASES = {str(basis.value): basis for basis in DecisionBasis}
"""Looking a member up by its value takes an enum as long as all else of a reason."""


@strawberry.type(description="A rule that was asked before, and why it did not decide.")
class SkippedRule:
    """How a `domain.Skipped` looks."""

    rule: str
    expression: str
    operands: list[Operand]
    reason: str


@strawberry.type(description="Why a block was chosen.")
class Why:
    """The record of a decision."""

    basis: DecisionBasis
    summary: str = strawberry.field(description="One sentence.")
    rule: str | None = strawberry.field(description="The rule that decided.")
    expression: str | None = strawberry.field(description="What it says, in CEL.")
    operands: Sequence[domain.Operand] = strawberry.field(
        description="What it read of the visitor.", graphql_type=list[Operand]
    )
    skipped: Sequence[domain.Skipped] = strawberry.field(
        description="Rules asked before, in order.", graphql_type=list[SkippedRule]
    )
    eligible: list[str] = strawberry.field(description="Published blocks of the slot.")
    content_version: str = strawberry.field(description="Of content and rules, a hash.")

    @classmethod
    def of(cls, why: domain.Why) -> "Why":
        """Return the reason as GraphQL shows it."""
        return cls(
            basis=_BASES[why.basis],
            summary=why.summary,
            rule=why.rule or None,
            expression=why.expression or None,
            operands=why.operands,
            skipped=why.skipped,
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
    decided: strawberry.Private[domain.Why]

    @strawberry.field
    def why(self) -> Why:
        """Return the record of the decision, which is long, if somebody asks for it."""
        return Why.of(self.decided)

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
            decided=decision.why,
        )


def blocks_of(visitor: Visitor, slots: list[str] | None) -> list[Block]:
    """Decide each slot, all of them or those named."""
    wanted = list(visitor.current.playbook.places) if slots is None else slots
    return [Block.of(visitor, visitor.decide(slot)) for slot in wanted]
