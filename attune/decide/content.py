"""Segments, slots, blocks and rules, as the content team keeps them and the store holds them."""

from collections.abc import AsyncIterator
from typing import Any, Literal, Protocol

import msgspec

from attune.errors import BadRequest

Noun = Literal["content", "models"]
"""What a running program refreshes when it changes."""


class InvalidContent(BadRequest):
    """Content that contradicts itself; nothing of it is stored."""

    code = "invalid_content"


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of visitors; `when` is CEL on what is known of the visitor."""

    name: str
    when: str
    description: str = ""


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place on a page. `fallback` is the key of the block shown when no rule matches."""

    key: str
    description: str = ""
    fallback: str | None = None


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content for one slot: which component draws it, and what the component is given."""

    key: str
    slot: str
    component: str
    content: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    revision: int = 1
    published: bool = True


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Show `block` in `slot` when the CEL in `when` holds; lower positions are asked first."""

    slot: str
    position: int
    when: str
    block: str
    description: str = ""

    @property
    def id(self) -> str:
        """Its name in decisions: a slot has one rule at a position."""
        return f"{self.slot}/{self.position}"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. The order of segments matters: the first that holds is a visitor's primary one."""

    segments: tuple[Segment, ...] = ()
    slots: tuple[Slot, ...] = ()
    blocks: tuple[Block, ...] = ()
    rules: tuple[Rule, ...] = ()


def revised(content: Content, before: Content) -> Content:
    """Return the content as it is stored after `before`, in the order a store gives it.

    A block that is new has revision 1, one that differs the next revision, others keep theirs.
    """
    known = {block.key: block for block in before.blocks}
    blocks = [_revised(block, known.get(block.key)) for block in content.blocks]
    return Content(
        segments=content.segments,
        slots=content.slots,
        blocks=tuple(sorted(blocks, key=lambda block: block.key)),
        rules=tuple(sorted(content.rules, key=lambda rule: (rule.slot, rule.position))),
    )


def _revised(block: Block, before: Block | None) -> Block:
    if before is None:
        return msgspec.structs.replace(block, revision=1)
    same = msgspec.structs.replace(block, revision=before.revision)
    if same == before:
        return same
    return msgspec.structs.replace(block, revision=before.revision + 1)


class ContentStore(Protocol):
    """Where content rests: PostgreSQL."""

    async def load(self) -> Content:
        """Return everything, rules in the order they are asked.

        Raises:
            Unavailable: the store does not answer.
        """

    async def replace(self, content: Content, *, actor: str) -> None:
        """Put this in the place of everything, at once; `actor` is kept in the audit.

        A block that differs from the stored one of its key gets the next revision.

        Raises:
            Unavailable: the store does not answer; nothing was changed.
        """

    def changes(self) -> AsyncIterator[Noun]:
        """Yield what changed, for ever, soon after it did.

        It may say so without need (at first, after a lost connection, and now and then), and
        never raises: while the store is away it waits.
        """
