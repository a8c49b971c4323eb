"""To whom an event of a browser belongs that several people have used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter, itemgetter

from attune.collect.event import Event
from attune.ids import ProfileId
from attune.ports import Taken
from attune.profiles.ledger import Mark
from attune.profiles.redirect import Link, end_of, links_of


@dataclass(frozen=True, slots=True)
class Claim:
    """A profile has taken in events of a source, in each topic partition up to a mark."""

    owner: ProfileId
    marks: Mapping[tuple[str, int], Mark]


class Owners:
    """Reads from the ledgers whom the stream gave an event to.

    When a browser is linked to somebody else, who had it keeps what they took in, and their mark
    stays where it is; who has it now learns that mark, and goes on from there. So an event is with
    the first of them whose mark is not before it. Marks are equal where nothing came after the new
    link: then it is with who was linked first.
    """

    def __init__(self, claims: Mapping[ProfileId, list[Claim]]) -> None:
        self._claims = {source: found for source, found in claims.items() if len(found) > 1}
        self._links: dict[ProfileId, list[Link]] = {}

    @property
    def shared(self) -> bool:
        """Whether any source is more than one's."""
        return bool(self._claims)

    def learn(self, archived: Iterable[Taken]) -> None:
        """Note to whom each profile was linked, one after the other, as the stream took it in.

        A link that is older than the one before it changed nothing there, so it does not here.
        """
        for event in _as_they_came(archived):
            for link in links_of(event):
                known = self._links.setdefault(link.source, [])
                if not known or link.when > known[-1].when:
                    known.append(link)

    def knows(self, source: ProfileId) -> bool:
        """Say whether the source is more than one's."""
        return source in self._claims

    def of(self, taken: Taken) -> ProfileId | None:
        """Return who has an event of a shared source; None if nobody has taken it in yet."""
        source, position = taken.event.profile, taken.position
        place = (position.topic, position.partition)
        turns = [self._became(link.target) for link in self._links.get(source, ())]
        having = [
            (mark.offset, turns.index(claim.owner) if claim.owner in turns else -1, claim.owner)
            for claim in self._claims[source]
            if (mark := claim.marks.get(place)) and mark.offset >= position.offset
        ]
        return min(having)[2] if having else None

    def _became(self, profile: ProfileId) -> ProfileId:
        """Return who a profile has become, if it was itself linked to others."""
        way = [profile]
        while links := self._links.get(way[-1]):
            target = links[-1].target
            if target in way:
                return end_of(way, target)
            way.append(target)
        return way[-1]


def _as_they_came(archived: Iterable[Taken]) -> list[Event]:
    """Return events that link in the order of their arrival, and of their offsets in a partition.

    Clocks of collectors differ: an event never arrived before one that lies in front of it.
    """
    linking = sorted((one for one in archived if links_of(one.event)), key=attrgetter("position"))
    latest: dict[tuple[str, int], datetime] = {}
    ordered: list[tuple[datetime, int, Event]] = []
    for number, one in enumerate(linking):
        place = (one.position.topic, one.position.partition)
        came = max(one.event.received_at, latest.get(place, one.event.received_at))
        latest[place] = came
        ordered.append((came, number, one.event))
    return [event for _, _, event in sorted(ordered, key=itemgetter(0, 1))]
