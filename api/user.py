"""The visitor in GraphQL: each stop says how its part looks."""

from collections.abc import Mapping
from typing import Any

import strawberry

from api.decide import Block, blocks_of
from api.features import FeatureTypes
from api.predict import Prediction
from api.profiles import Profile, Segment, segments_of
from api.visitor import Visitor
from attune.features.entities import ITEM, SESSION
from attune.predict.score import Score


def user_type(made: FeatureTypes, others: Mapping[str, Any]) -> Any:  # noqa: ANN401 - types made at run time
    """Return the type, given those of features and, by their names, of other entities."""

    class User:
        visitor: strawberry.Private[Visitor]

        @strawberry.field(description="The profile's id: the user id, or `anon:` + anonymous id.")
        def id(self) -> strawberry.ID:
            return strawberry.ID(self.visitor.profile.id)

        @strawberry.field(description="Who they are.")
        def profile(self) -> Profile:
            return Profile.of(self.visitor)

        @strawberry.field(description="The primary segment: the first that holds.")
        def segment(self) -> str | None:
            return self.visitor.segments[0].name if self.visitor.segments else None

        @strawberry.field(description="Every segment they are in, the primary one first.")
        def segments(self) -> list[Segment]:
            return segments_of(self.visitor)

        @strawberry.field(description="What they did, by feature view.", graphql_type=made.type)
        def features(self) -> Any:  # noqa: ANN401 - as above
            return made.of(self.visitor)

        @strawberry.field(description="What they are likely to do.", graphql_type=list[Prediction])
        def predictions(self, names: list[str] | None = None) -> list[Score]:
            return self.visitor.scores(names)

        @strawberry.field(description="What to show them, decided now, slot by slot.")
        def blocks(self, slots: list[str] | None = None) -> list[Block]:
            return blocks_of(self.visitor, slots)

        @strawberry.field(description="Parts that are missing from this answer, and why.")
        def degraded(self) -> list[str]:
            return self.visitor.check()

    _put_in_play(User, others)
    return strawberry.type(
        User, description="A visitor or customer: who they are, what they do, what to show."
    )


def _put_in_play(user: Any, others: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
    """Add the fields of what is in play, where it has features."""
    if kind := others.get(SESSION.name):
        user.session = _session(kind)
    if kind := others.get(ITEM.name):
        user.items = _items(kind)


def _session(kind: Any) -> Any:  # noqa: ANN401 - as above
    def session(self: Any) -> Any:  # noqa: ANN401 - as above
        play = self.visitor.play
        return kind(reading=play.session) if play and play.session else None

    return strawberry.field(
        session,
        description="The visit that is going on, where `sessionId` says which.",
        graphql_type=kind | None,
    )


def _items(kind: Any) -> Any:  # noqa: ANN401 - as above
    def items(self: Any) -> Any:  # noqa: ANN401 - as above
        play = self.visitor.play
        return [kind(reading=each) for each in play.items] if play else []

    return strawberry.field(
        items,
        description="The products in play, in the order of `itemIds`.",
        graphql_type=list[kind],
    )
