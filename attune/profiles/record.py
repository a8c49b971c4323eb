"""What the system of record keeps of a visitor, and how events teach it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from attune.collect.event import Event
from attune.ids import ProfileId, UserId
from attune.profiles.redirect import Link, links_of
from attune.profiles.traits import Stamp, stamp

GROUP = "group"
"""The trait that a group call sets: the group's traits, and its `id`."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A profile was seen between two moments, to the minute.

    So a busy visitor is written once a minute, and the order of events still does not matter.
    """

    profile: ProfileId
    user_id: UserId | None
    first: datetime
    last: datetime

    def __or__(self, other: "Sighting") -> "Sighting":
        first, last = min(self.first, other.first), max(self.last, other.last)
        return Sighting(self.profile, self.user_id, first, last)


@dataclass(frozen=True, slots=True)
class Trait:
    """A profile said this of itself, at `when`. A value of None takes the trait back."""

    profile: ProfileId
    name: str
    value: Any
    when: Stamp


@dataclass(slots=True)
class Learned:
    """What some events teach, each thing once: the newest trait and link, the whole time seen.

    It depends only on which events there were, not on their order or how often they came.
    """

    seen: dict[ProfileId, Sighting] = field(default_factory=dict)
    traits: dict[tuple[ProfileId, str], Trait] = field(default_factory=dict)
    links: dict[ProfileId, Link] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Learned":
        """Return what the events teach."""
        learned = cls()
        for event in events:
            learned._sight(event)
            for trait in traits_in(event):
                learned._know(trait)
            for link in links_of(event):
                known = learned.links.get(link.source)
                if known is None or link.when > known.when:
                    learned.links[link.source] = link
        return learned

    def _sight(self, event: Event) -> None:
        user = UserId(event.user_id) if event.user_id else None
        minute = event.timestamp.replace(second=0, microsecond=0)
        sighting = Sighting(event.profile, user, minute, minute)
        known = self.seen.get(event.profile)
        self.seen[event.profile] = known | sighting if known else sighting

    def _know(self, trait: Trait) -> None:
        key = (trait.profile, trait.name)
        known = self.traits.get(key)
        if known is None or trait.when > known.when:
            self.traits[key] = trait


def traits_in(event: Event) -> list[Trait]:
    """Return the traits that an identify or a group call sets."""
    profile, when = event.profile, stamp(event)
    if event.type == "identify":
        return [Trait(profile, name, value, when) for name, value in event.traits.items()]
    if event.type == "group":
        return [Trait(profile, GROUP, {**event.traits, "id": event.group_id}, when)]
    return []


@dataclass(frozen=True, slots=True)
class Known:
    """A visitor as the system of record has it, the profiles that became this one included.

    Traits that were taken back are left out.
    """

    profile: ProfileId
    user_id: UserId | None
    first_seen: datetime
    last_seen: datetime
    traits: dict[str, Any]
    former: tuple[ProfileId, ...]


class ProfileRecords(Protocol):
    """The system of record for identities and traits: PostgreSQL."""

    async def learn(self, learned: Learned) -> None:
        """Keep what is newer than what is known, all of it or nothing.

        Raises:
            Unavailable: the store does not answer; learning it again is safe.
        """

    async def known(self, profile: ProfileId) -> Known | None:
        """Return what is known of the profile and of those that became it.

        Raises:
            Unavailable: the store does not answer.
        """
