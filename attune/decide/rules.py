"""The first rule of a slot that holds decides; if none does, the slot's fallback."""

from attune.decide.decision import Basis, Cause, Decision, Operand, Skipped, Why, operands_of, told
from attune.decide.expression import Missing, Undecided
from attune.decide.facts import Facts
from attune.decide.playbook import Place, Play, Playbook, unfit


def decide(playbook: Playbook, slot: str, facts: Facts, *, decision_id: str, at: int) -> Decision:
    """Return what to show in the slot, and why; `at` is in milliseconds since 1970.

    There is always a decision: where nothing can be shown, it has no block and says so.
    """
    place = playbook.places.get(slot)
    if place is None:
        key, why = None, _nowhere(playbook, slot)
    else:
        key, why = _first(place, facts, playbook)
    revision = playbook.blocks[key].revision if key else None
    return Decision(decision_id, slot, key, revision, at, why)


def _first(place: Place, facts: Facts, playbook: Playbook) -> tuple[str | None, Why]:
    skipped: list[Skipped] = []
    for play in place.plays:
        operands = operands_of(play.when, facts)
        refusal = _refusal(play, facts, operands)
        if refusal is None:
            return play.rule.block, _matched(play, operands, skipped, place, playbook)
        skipped.append(refusal)
    return _fallback(place, skipped, playbook)


def _refusal(play: Play, facts: Facts, operands: tuple[Operand, ...]) -> Skipped | None:
    """Return why the rule does not decide, or None if it does."""
    cause: Cause = "false"
    reason = "does not hold"
    try:
        if play.when.holds(facts):
            if not play.unfit:
                return None
            cause, reason = "block", play.unfit
    except Missing as missing:
        cause, reason = "missing", missing.reason
    except Undecided as undecided:
        cause, reason = "error", undecided.reason
    return Skipped(play.id, play.when.source, operands, cause, reason)


def _matched(
    play: Play,
    operands: tuple[Operand, ...],
    skipped: list[Skipped],
    place: Place,
    playbook: Playbook,
) -> Why:
    source = play.when.source
    return Why(
        basis="rule",
        rule=play.id,
        expression=source,
        operands=operands,
        skipped=tuple(skipped),
        eligible=place.eligible,
        summary=f"Rule {play.id} holds: {told(source, operands)}.",
        playbook=playbook.version,
    )


def _fallback(place: Place, skipped: list[Skipped], playbook: Playbook) -> tuple[str | None, Why]:
    key, slot = place.slot.fallback, place.slot.key
    asked = (
        f"None of the {len(skipped)} rules of slot {slot} decides"
        if skipped
        else (f"Slot {slot} has no rules")
    )
    if key is None:
        return None, _unruled("none", f"{asked}, and it has no fallback.", skipped, place, playbook)
    reason = unfit(key, slot, playbook.blocks)
    if reason:
        summary = f"{asked}, and its fallback cannot be shown: {reason}."
        return None, _unruled("none", summary, skipped, place, playbook)
    summary = f"{asked}; {key} is its fallback."
    return key, _unruled("fallback", summary, skipped, place, playbook)


def _unruled(
    basis: Basis, summary: str, skipped: list[Skipped], place: Place, playbook: Playbook
) -> Why:
    return Why(
        basis=basis,
        rule="",
        expression="",
        operands=(),
        skipped=tuple(skipped),
        eligible=place.eligible,
        summary=summary,
        playbook=playbook.version,
    )


def _nowhere(playbook: Playbook, slot: str) -> Why:
    known = ", ".join(sorted(playbook.places)) or "none yet"
    return Why(
        basis="none",
        rule="",
        expression="",
        operands=(),
        skipped=(),
        eligible=(),
        summary=f"There is no slot {slot}; the slots are: {known}.",
        playbook=playbook.version,
    )
