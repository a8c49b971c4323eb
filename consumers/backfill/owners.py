"""To whom an event of a browser belongs that several people have used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attune.collect.event import Event
from attune.ids import ProfileId
from attune.ports import Taken
from attune.profiles.ledger import Mark
from attune.profiles.redirect import links_of
from attune.profiles.traits import Stamp, stamp


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
    link: then it is with who was named first.
    """

    def __init__(self, claims: Mapping[ProfileId, list[Claim]]) -> None:
        self._claims = {source: found for source, found in claims.items() if len(found) > 1}
        self._named: dict[tuple[ProfileId, ProfileId], Stamp] = {}

    @property
    def shared(self) -> bool:
        """Whether any source is more than one's."""
        return bool(self._claims)

    def learn(self, events: Iterable[Event]) -> None:
        """Note when each was first named, of the sources that are shared."""
        for event in events:
            for link in links_of(event):
                if link.source in self._claims:
                    pair = (link.source, link.target)
                    self._named[pair] = min(link.when, self._named.get(pair, link.when))

    def knows(self, source: ProfileId) -> bool:
        """Say whether the source is more than one's."""
        return source in self._claims

    def of(self, taken: Taken) -> ProfileId | None:
        """Return who has an event of a shared source; None if nobody has taken it in yet."""
        source, position = taken.event.profile, taken.position
        place = (position.topic, position.partition)
        having = [
            (mark.offset, self._named.get((source, claim.owner), stamp(taken.event)), claim.owner)
            for claim in self._claims[source]
            if (mark := claim.marks.get(place)) and mark.offset >= position.offset
        ]
        return min(having)[2] if having else None
