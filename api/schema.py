"""The GraphQL schema: one root field resolves a visitor, the stops say how each part looks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig

from api.decide import Block, blocks_of
from api.features import FeatureTypes, feature_types
from api.measure import BlockExposures, Measured
from api.predict import Prediction, predictions_of
from api.profiles import Profile, Segment, segments_of
from api.visitor import Reception, Visitor
from attune.collect.event import millis
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId, profile_of

_MAX_TOKENS = 4_000
"""Of a document. A page's own query has some hundred; a body full of aliases would keep everybody
else waiting for seconds."""


@dataclass(frozen=True, slots=True)
class Context:
    """What resolvers need; the same for every request."""

    reception: Reception
    measured: Measured
    clock: Callable[[], datetime]


Info = strawberry.Info[Context, None]


def build_schema(features: FeatureSet) -> strawberry.Schema:
    """Return the schema of an installation with these features."""
    return strawberry.Schema(
        query=_query_type(_user_type(feature_types(features))),
        extensions=[lambda: MaxTokensLimiter(max_token_count=_MAX_TOKENS)],
        config=StrawberryConfig(disable_field_suggestions=False),
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

        @strawberry.field(description="What they are likely to do.")
        def predictions(self, names: list[str] | None = None) -> list[Prediction]:
            return predictions_of(self.visitor, names)

        @strawberry.field(description="What to show them, decided now, slot by slot.")
        def blocks(self, slots: list[str] | None = None) -> list[Block]:
            return blocks_of(self.visitor, slots)

        @strawberry.field(description="Parts that are missing from this answer, and why.")
        def degraded(self) -> list[str]:
            _ = self.visitor.values  # reading the features may find one that cannot be read
            return self.visitor.degraded

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
            at: Annotated[
                datetime | None,
                strawberry.argument(
                    description="Evaluate windows as of this moment, not before the visitor's "
                    "latest event; now, if left out."
                ),
            ] = None,
        ) -> Any:  # noqa: ANN401 - as above
            context = info.context
            asked = _asked(id, anonymous_id)
            now = millis(_aware(at) if at else context.clock())
            return user_type(visitor=await context.reception.visitor(asked, now))

        @strawberry.field(description="How often each block was shown, most shown first.")
        async def exposures(self, info: Info) -> list[BlockExposures]:
            return await info.context.measured.exposures()

    return Query


def _asked(user_id: str | None, anonymous_id: str | None) -> ProfileId:
    try:
        return profile_of(user_id, anonymous_id)
    except ValueError:
        raise GraphQLError(
            "user needs an id",
            extensions={"code": "BAD_USER_INPUT", "remedy": "give id or anonymousId, not empty"},
        ) from None


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise GraphQLError(
            "at needs a time zone",
            extensions={"code": "BAD_USER_INPUT", "remedy": "write 2026-11-24T12:00:00Z"},
        )
    return moment
