"""Stop 4 in GraphQL: who the visitor is."""

from datetime import UTC, datetime

import strawberry
from strawberry.scalars import JSON

from api.visitor import Visitor
from attune.ids import ANONYMOUS


@strawberry.type(description="Who the visitor is.")
class Profile:
    """As the online store has it."""

    user_id: strawberry.ID | None = strawberry.field(
        description="Null while the visitor has not said who they are."
    )
    anonymous_ids: list[strawberry.ID] = strawberry.field(
        description="Anonymous ids whose history is part of this profile."
    )
    traits: JSON = strawberry.field(description="Traits set by identify, newest first to win.")
    first_seen_at: datetime | None = strawberry.field(description="Null for an unknown visitor.")
    last_seen_at: datetime | None = strawberry.field(description="Null for an unknown visitor.")

    @classmethod
    def of(cls, visitor: Visitor) -> "Profile":
        """Return what a visitor's profile tells."""
        profile = visitor.profile
        known = [profile.id, *sorted(profile.traits.former)]
        anonymous = [each for each in known if each.startswith(ANONYMOUS)]
        return cls(
            user_id=None if profile.id in anonymous else strawberry.ID(profile.id),
            anonymous_ids=[strawberry.ID(each.removeprefix(ANONYMOUS)) for each in anonymous],
            traits=JSON(profile.traits.plain()),
            first_seen_at=_moment(profile.first_seen),
            last_seen_at=_moment(profile.last_seen),
        )


@strawberry.type(description="A segment that the visitor is in, derived at the moment of asking.")
class Segment:
    """A membership with its reason."""

    name: str
    why: str = strawberry.field(description="The expression that holds, and what it was asked on.")


def segments_of(visitor: Visitor) -> list[Segment]:
    """Return the visitor's segments, the primary one first."""
    return [Segment(name=each.name, why=each.why) for each in visitor.segments]


def _moment(ms: int) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC) if ms else None
