"""What resolvers are given, and the argument `at` that several of them take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import strawberry
from graphql import GraphQLError

from api.live.answers import Answering
from api.measure import Measured
from api.reading import Reader
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


Info = strawberry.Info[Context, None]

AT = strawberry.argument(
    description="Evaluate windows as of this moment, not before the latest event; now, if left out."
)


def unanswerable(message: str, remedy: str) -> GraphQLError:
    """Return the error of a question that its asker can mend."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT", "remedy": remedy})


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
