"""The content as requests use it: compiled once, frozen, and known by a version."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec

from attune.decide.content import Block, Content, Rule, Slot
from attune.decide.expression import Broken, Expression, InvalidExpression, Language, name_of
from attune.decide.facts import IN_PLAY, Facts, Path, Shape, shape_of
from attune.profiles.segments import Criterion, reads_play


@dataclass(frozen=True, slots=True)
class Play:
    """A rule ready to be asked. `unfit` says why its block cannot be shown; empty if it can."""

    id: str
    rule: Rule
    when: Expression
    unfit: str


@dataclass(frozen=True, slots=True)
class Place:
    """A slot with its rules in the order they are asked, and what it may show.

    `in_play` says which of `session` and `item` its rules name.
    """

    slot: Slot
    plays: tuple[Play, ...]
    eligible: tuple[str, ...]
    in_play: frozenset[str]


@dataclass(frozen=True, slots=True)
class Playbook:
    """Everything a decision needs of the content. `version` is a hash of all of it.

    `reads` are the facts that any of its expressions asks for: nothing else need be known.
    """

    version: str
    segments: tuple[Criterion, ...]
    places: Mapping[str, Place]
    blocks: Mapping[str, Block]
    reads: tuple[Path, ...]
    shape: Shape

    @classmethod
    def of(cls, content: Content, language: Language) -> "Playbook":
        """Compile the content.

        What `check` would refuse is here skipped and named in decisions, because content that was
        stored must not stop a page.
        """
        blocks = {block.key: block for block in content.blocks}
        segments = tuple(Criterion(s, _of_visitor(s.when, language)) for s in content.segments)
        places = {slot.key: _place(slot, content, blocks, language) for slot in content.slots}
        plays = [play.when for place in places.values() for play in place.plays]
        expressions = [criterion.when for criterion in segments] + plays
        reads = dict.fromkeys(path for when in expressions for path in when.operands)
        return cls(
            version=version_of(content),
            segments=segments,
            places=MappingProxyType(places),
            blocks=MappingProxyType(blocks),
            reads=tuple(reads),
            shape=shape_of(reads),
        )

    def facts(self, values: Mapping[str, Any]) -> Facts:
        """Return what this playbook reads of `{"user": {...}, "prediction": {...}, ...}`."""
        return Facts.of(values, self.shape)

    def in_play(self, slots: Collection[str] | None) -> frozenset[str]:
        """Return which of `session` and `item` the rules of these slots name, None for all."""
        if slots is None:
            slots = self.places.keys()
        found = [self.places[slot].in_play for slot in slots if slot in self.places]
        return frozenset[str]().union(*found)


def version_of(content: Content) -> str:
    """Return 16 hex digits: equal for equal content, whatever order the store gave it in."""
    ordered = Content(
        segments=content.segments,
        slots=tuple(sorted(content.slots, key=lambda slot: slot.key)),
        blocks=tuple(sorted(content.blocks, key=lambda block: block.key)),
        rules=tuple(sorted(content.rules, key=_order)),
    )
    return sha256(msgspec.json.encode(ordered, order="deterministic")).hexdigest()[:16]


def _order(rule: Rule) -> tuple[str, int]:
    return rule.slot, rule.position


def _place(slot: Slot, content: Content, blocks: Mapping[str, Block], language: Language) -> Place:
    rules = sorted((rule for rule in content.rules if rule.slot == slot.key), key=_order)
    plays = tuple(
        Play(rule.id, rule, _compiled(rule.when, language), unfit(rule.block, slot.key, blocks))
        for rule in rules
    )
    eligible = sorted(key for key in blocks if not unfit(key, slot.key, blocks))
    roots = {root for play in plays for root, *_ in play.when.operands}
    return Place(slot, plays, tuple(eligible), IN_PLAY & roots)


def unfit(key: str, slot: str, blocks: Mapping[str, Block]) -> str:
    """Return why the block cannot be shown in the slot, or nothing if it can."""
    block = blocks.get(key)
    if block is None:
        return f"there is no block {key}"
    if not block.published:
        return f"block {key} is not published"
    return "" if block.slot == slot else f"block {key} is for slot {block.slot}"


def _of_visitor(source: str, language: Language) -> Expression:
    """Compile the expression of a segment."""
    when = _compiled(source, language)
    beyond = next(filter(reads_play, when.operands), None)
    return Broken(source, f"a segment cannot depend on {name_of(beyond)}") if beyond else when


def _compiled(source: str, language: Language) -> Expression:
    try:
        return language(source)
    except InvalidExpression as error:
        return Broken(source, error.message)
