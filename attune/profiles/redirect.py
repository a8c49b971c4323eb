"""Where a profile went: the record that it keeps after handing over, and who asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from attune.collect.event import Event
from attune.ids import ProfileId, anonymous_profile
from attune.profiles.traits import Stamp, stamp


@dataclass(frozen=True, slots=True)
class Link:
    """An event said that `source` is `target`."""

    source: ProfileId
    target: ProfileId
    when: Stamp


LINKING = frozenset({"identify", "alias"})
"""Calls that may make profiles one."""


def links_of(event: Event) -> list[Link]:
    """Return which profiles an event makes one: identify (both ids) and alias (previousId).

    Segment's alias does not tell whether `previousId` is a user or an anonymous visitor, so both
    are linked; the one that never was costs nothing.
    """
    if event.user_id is None:
        return []
    target = ProfileId(event.user_id)
    sources: list[ProfileId] = []
    if event.type == "identify" and event.anonymous_id:
        sources = [anonymous_profile(event.anonymous_id)]
    elif event.type == "alias" and event.previous_id:
        sources = [anonymous_profile(event.previous_id), ProfileId(event.previous_id)]
    return [Link(source, target, stamp(event)) for source in sources if source != target]


def end_of(way: Sequence[ProfileId], target: ProfileId | None) -> ProfileId:
    """Return where redirects lead that were followed along `way`, to `target` or to no other.

    Two consumers can make a circle at the same moment. Whoever follows it, from wherever, must
    come out at the same profile: the first of the circle by id.
    """
    return min(way[way.index(target) :]) if target else way[-1]


class Redirect(msgspec.Struct, frozen=True, array_like=True):
    """Later events of this profile go to `target`.

    `done` is false between the moment the profile is frozen and the moment its states are safely
    with the target; a crash in between leaves all that is needed to go on. `before` is where events
    went until then, if that was elsewhere.
    """

    target: ProfileId
    when: Stamp
    done: bool = False
    before: ProfileId | None = None

    def encode(self) -> bytes:
        """Return its bytes."""
        return msgspec.msgpack.encode(self)

    @staticmethod
    def decode(raw: bytes) -> "Redirect":
        """Return the redirect in stored bytes."""
        return msgspec.msgpack.decode(raw, type=Redirect)
