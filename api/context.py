"""What resolvers are given, and the argument `at` that several of them take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import strawberry
from graphql import GraphQLError

from api.live.answers import Answering
from api.measure import Measured
from api.play import InPlay
from api.reading import Reader
from api.selected import Selected, selected_in
from api.visitor import Reception
from attune.collect.event import millis
from attune.ids import ProfileId, profile_of


@dataclass(frozen=True, slots=True)
class Context:
    """What resolvers need; the same for every request. `others` finds entities by their kind."""

    reception: Reception
    measured: Measured
    clock: Callable[[], datetime]
    live: Answering
    others: Mapping[str, Reader] = field(default_factory=dict)

    def moment(self, at: datetime | None) -> int:
        """Return the moment that is asked about, or now, in ms since 1970."""
        if at is None:
            return millis(self.clock())
        if at.tzinfo is None:
            raise unanswerable("at needs a time zone", remedy="write 2026-11-24T12:00:00Z")
        return millis(at)


MOST_ITEMS = 50
"""In play at once: what fits on a page."""


class Info(strawberry.Info[Context, None]):
    """What a resolver is told beside its arguments."""

    @property
    def selected(self) -> Selected:
        """The fields that are asked of what the resolver answers."""
        known = getattr(self._raw_info, "selected", None)  # by a plan, since it was compiled
        return selected_in(self._raw_info, self.variable_values) if known is None else known


AT = strawberry.argument(
    description="Evaluate windows as of this moment, not before the latest event; now, if left out."
)


def unanswerable(message: str, remedy: str) -> GraphQLError:
    """Return the error of a question that its asker can mend."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "remedy": remedy})


def asked_in_play(session_id: str | None, item_ids: Sequence[str] | None) -> InPlay | None:
    """Return what a field is told to be in play, None where that is nothing.

    Raises:
        GraphQLError: an id is empty, or there are too many.
    """
    if session_id is None and not item_ids:
        return None
    if session_id == "":
        raise unanswerable("sessionId is empty", remedy="leave it out, or give the id")
    sessions = () if session_id is None else (session_id,)
    return InPlay(sessions, checked_ids("itemIds", item_ids or (), MOST_ITEMS))


def checked_ids(field: str, ids: Sequence[str], most: int) -> Sequence[str]:
    """Return ids that an argument gives.

    Raises:
        GraphQLError: one is empty, or there are too many.
    """
    if len(ids) > most:
        raise unanswerable(
            f"{field} has {len(ids)} ids", remedy=f"ask for at most {most} at a time"
        )
    if "" in ids:
        raise unanswerable(
            f"{field}[{ids.index('')}] is empty", remedy="leave it out, or give the id"
        )
    return ids


def asked_profile(field: str, user_id: str | None, anonymous_id: str | None) -> ProfileId:
    """Return the profile that a field is asked about; the user id wins.

    Raises:
        GraphQLError: neither id is given.
    """
    try:
        return profile_of(user_id, anonymous_id)
    except ValueError:
        raise unanswerable(
            f"{field} needs an id", remedy="give an id or anonymousId, not empty"
        ) from None
