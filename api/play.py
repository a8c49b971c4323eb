"""What is in play beside the visitor: the visit that is going on, and the items on the page."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from graphql import FieldNode, ListValueNode, StringValueNode

from api.reading import Reading
from api.selected import Selected
from attune.decide.playbook import Playbook
from attune.features.entities import ITEM, SESSION


@dataclass(frozen=True, slots=True)
class InPlay:
    """The ids that a request gives: of the visit, and of the items, the page's own first."""

    sessions: Sequence[str] = ()
    """At most one."""
    items: Sequence[str] = ()

    def looked_at(self, selected: Selected, playbook: Playbook) -> "InPlay":
        """Return what of it an answer needs, for these fields of the visitor; no more is read."""
        named = playbook.in_play(_slots(selected.get("blocks", ())))
        sessions = self.sessions if "session" in selected or SESSION.name in named else ()
        if "items" in selected:
            return InPlay(sessions, self.items)
        return InPlay(sessions, self.items[:1] if ITEM.name in named else ())

    def __bool__(self) -> bool:
        return bool(self.sessions or self.items)


class Play:
    """What is known of it."""

    __slots__ = ("items", "session")

    def __init__(self, sessions: Sequence[Reading], items: Sequence[Reading]) -> None:
        self.session = sessions[0] if sessions else None
        self.items = items
        """In the order of the ids, however often one comes."""

    @property
    def named(self) -> Iterator[tuple[str, Reading]]:
        """What rules know, by its name; `item` is the first."""
        if self.session:
            yield SESSION.name, self.session
        if self.items:
            yield ITEM.name, self.items[0]

    def missing(self) -> Iterator[str]:
        """Yield what could not be read of it; what holds for many items once."""
        if self.session:
            yield from (f"session.{each}" for each in self.session.check())
        yield from dict.fromkeys(f"items.{each}" for item in self.items for each in item.check())


def _slots(nodes: Sequence[FieldNode]) -> Collection[str] | None:
    """Return the slots that a document asks for, None for any: what variables say is not known."""
    slots: set[str] = set()
    for node in nodes:
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        asked = arguments.get("slots")
        values = asked.values if isinstance(asked, ListValueNode) else ()
        named = [each.value for each in values if isinstance(each, StringValueNode)]
        if not isinstance(asked, ListValueNode) or len(named) < len(values):
            return None
        slots.update(named)
    return slots
