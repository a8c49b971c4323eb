"""Whether content agrees with itself, before it is stored."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from attune.decide.content import Block, Content, InvalidContent
from attune.decide.expression import Expression, InvalidExpression, Language, name_of
from attune.decide.vocabulary import Vocabulary, refuse_undecidable
from attune.profiles.segments import reads_play, reads_segments

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def check(content: Content, language: Language, known: Vocabulary) -> None:
    """Refuse content that could not be shown as it is meant, given the facts that there are.

    Raises:
        InvalidContent: with the path of the first field that is wrong, its value and a remedy.
    """
    _check_names("segments", "name", [segment.name for segment in content.segments])
    _check_names("slots", "key", [slot.key for slot in content.slots])
    _check_names("blocks", "key", [block.key for block in content.blocks])
    _check_segments(content, language, known)
    blocks = {block.key: block for block in content.blocks}
    _check_blocks(content)
    _check_fallbacks(content, blocks)
    _check_rules(content, blocks, language, known)


def _check_names(nouns: str, field: str, names: list[str]) -> None:
    """Every name must be one that a URL, a metric and a database key can hold, and unique."""
    seen = Counter[str]()
    for place, name in enumerate(names):
        where = f"{nouns}[{place}].{field}"
        if not _NAME.fullmatch(name):
            remedy = "Use up to 128 letters, digits, dots, dashes and underscores."
            raise InvalidContent("not a name", field=where, value=name, remedy=remedy)
        if seen[name]:
            raise InvalidContent(
                f"two {nouns} have this {field}",
                field=where,
                value=name,
                remedy="Rename or remove one of them.",
            )
        seen[name] += 1


def _check_segments(content: Content, language: Language, known: Vocabulary) -> None:
    for place, segment in enumerate(content.segments):
        field = f"segments[{place}].when"
        when = _compiled(segment.when, language, known, field)
        if any(reads_segments(path) for path in when.operands):
            raise InvalidContent(
                "a segment cannot depend on segments",
                field=field,
                value=segment.when,
                remedy="Write what the other segment says in its place.",
            )
        beyond = next(filter(reads_play, when.operands), None)
        if beyond:
            raise InvalidContent(
                f"a segment cannot depend on {name_of(beyond)}: it is about the visitor alone",
                field=field,
                value=segment.when,
                remedy="Ask it in rules, beside user.segment.",
            )


def _check_blocks(content: Content) -> None:
    slots = {slot.key for slot in content.slots}
    for place, block in enumerate(content.blocks):
        _check_known(block.slot, slots, "slot", f"blocks[{place}].slot")
        if not block.component:
            raise InvalidContent(
                f"block {block.key} names no component",
                field=f"blocks[{place}].component",
                remedy="Name the component of your site that draws it.",
            )


def _check_fallbacks(content: Content, blocks: Mapping[str, Block]) -> None:
    for place, slot in enumerate(content.slots):
        if slot.fallback is not None:
            _check_fits(slot.fallback, slot.key, blocks, f"slots[{place}].fallback")


def _check_rules(
    content: Content, blocks: Mapping[str, Block], language: Language, known: Vocabulary
) -> None:
    slots = {slot.key for slot in content.slots}
    taken: set[tuple[str, int]] = set()
    for place, rule in enumerate(content.rules):
        where = f"rules[{place}]"
        _check_known(rule.slot, slots, "slot", f"{where}.slot")
        _check_fits(rule.block, rule.slot, blocks, f"{where}.block")
        _compiled(rule.when, language, known, f"{where}.when")
        if (rule.slot, rule.position) in taken:
            raise InvalidContent(
                f"slot {rule.slot} has two rules at this position",
                field=f"{where}.position",
                value=str(rule.position),
                remedy="Give each rule of a slot its own position; lower ones are asked first.",
            )
        taken.add((rule.slot, rule.position))


def _check_known(name: str, known: Iterable[str], noun: str, field: str) -> None:
    if name not in known:
        remedy = f"Add it, or use one of: {', '.join(sorted(known)) or 'there is none yet'}."
        raise InvalidContent(f"there is no such {noun}", field=field, value=name, remedy=remedy)


def _check_fits(key: str, slot: str, blocks: Mapping[str, Block], field: str) -> None:
    fitting = [block.key for block in blocks.values() if block.slot == slot]
    _check_known(key, fitting, f"block in slot {slot}", field)


def _compiled(source: str, language: Language, known: Vocabulary, field: str) -> Expression:
    try:
        when = language(source)
        refuse_undecidable(when, known)
    except InvalidExpression as error:
        raise InvalidContent(
            error.message, field=field, value=source, remedy=error.remedy
        ) from error
    return when
