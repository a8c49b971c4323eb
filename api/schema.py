"""The GraphQL schema: one root field resolves a visitor, the stops say how each part looks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from api.context import AT, Info, unanswerable
from api.decide import Block, blocks_of
from api.entities import entity_field
from api.features import SCALARS, FeatureTypes, feature_types
from api.measure import BlockExposures
from api.predict import Prediction
from api.profiles import Profile, Segment, segments_of
from api.visitor import Visitor
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId, profile_of
from attune.predict.score import Score


def build_schema(every: Sequence[FeatureSet]) -> strawberry.Schema:
    """Return the schema of an installation with these features, those of users first."""
    users, *others = every
    own = _query_type(_user_type(feature_types(users))).__strawberry_definition__.fields
    return strawberry.Schema(
        query=create_type("Query", [*own, *map(entity_field, others)]),
        config=StrawberryConfig(disable_field_suggestions=False, scalar_map=SCALARS),
    )


def _user_type(made: FeatureTypes) -> Any:  # noqa: ANN401 - a type made at run time
    @strawberry.type(description="A visitor or customer: who they are, what they do, what to show.")
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

    return User


def _query_type(user_type: Any) -> Any:  # noqa: ANN401 - as above
    @strawberry.type
    class Query:
        @strawberry.field(
            description="One visitor, by user id or by anonymous id (`id` wins). Somebody never "
            "seen has an empty profile and prior predictions.",
            graphql_type=user_type,
        )
        async def user(
            self,
            info: Info,
            id: strawberry.ID | None = None,  # noqa: A002 - the argument's name in GraphQL
            anonymous_id: strawberry.ID | None = None,
            at: Annotated[datetime | None, AT] = None,
        ) -> Any:  # noqa: ANN401 - as above
            context = info.context
            asked = _asked(id, anonymous_id)
            visitor = await context.reception.visitor(asked, context.moment(at))
            return user_type(visitor=visitor)

        @strawberry.field(description="How often each block was shown, most shown first.")
        async def exposures(self, info: Info) -> list[BlockExposures]:
            return await info.context.measured.exposures()

    return Query


def _asked(user_id: str | None, anonymous_id: str | None) -> ProfileId:
    try:
        return profile_of(user_id, anonymous_id)
    except ValueError:
        raise unanswerable("user needs an id", remedy="give id or anonymousId, not empty") from None
