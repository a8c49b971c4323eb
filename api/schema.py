"""The GraphQL schema: its root fields find what is asked about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from api.context import AT, MOST_ITEMS, Info, asked_in_play, asked_profile, checked_ids
from api.entities import entity_field, entity_type
from api.features import SCALARS, feature_types
from api.live.subscription import subscription_type
from api.measure import BlockExposures
from api.user import user_type
from attune.features.feature_set import FeatureSet
from attune.ids import ProfileId

MOST_USERS = 500
"""Of one request: read in one pipeline, which holds up others for some milliseconds."""

_SESSION_ID = strawberry.argument(
    description="The visit that is going on: what rules know as `session`."
)
_ITEM_IDS = strawberry.argument(
    description=f"Up to {MOST_ITEMS} products in play, the page's own first: it is what rules know "
    "as `item`."
)


def build_schema(every: Sequence[FeatureSet]) -> strawberry.Schema:
    """Return the schema of an installation with these features, those of users first."""
    users, *others = every
    types = {each.entity.name: entity_type(each) for each in others}
    made = user_type(feature_types(users), types)
    own = _query_type(made).__strawberry_definition__.fields
    found = [entity_field(each, types[each.entity.name]) for each in others]
    return strawberry.Schema(
        query=create_type("Query", [*own, *found]),
        subscription=subscription_type(made),
        config=StrawberryConfig(scalar_map=SCALARS, info_class=Info),
    )


def _query_type(made: Any) -> Any:  # noqa: ANN401 - types made at run time
    @strawberry.type
    class Query:
        @strawberry.field(
            description="One visitor, by user id or by anonymous id (`id` wins). Somebody never "
            "seen has an empty profile and prior predictions.",
            graphql_type=made,
        )
        async def user(  # noqa: PLR0913, PLR0917 - GraphQL gives them by name
            self,
            info: Info,
            id: strawberry.ID | None = None,  # noqa: A002 - the argument's name in GraphQL
            anonymous_id: strawberry.ID | None = None,
            at: Annotated[datetime | None, AT] = None,
            session_id: Annotated[strawberry.ID | None, _SESSION_ID] = None,
            item_ids: Annotated[list[strawberry.ID] | None, _ITEM_IDS] = None,
        ) -> Any:  # noqa: ANN401 - as above
            context = info.context
            asked, now = asked_profile("user", id, anonymous_id), context.moment(at)
            in_play = asked_in_play(session_id, item_ids)
            if not in_play:  # as a rule nothing is: what is selected need not be known
                return made(visitor=await context.reception.visitor(asked, now))
            visitor = await context.reception.visitor(asked, now, in_play, info.selected)
            return made(visitor=visitor)

        @strawberry.field(
            description=f"Up to {MOST_USERS} visitors by profile id, in the order of `ids`, all "
            "read at once: for servers and mail-outs. What an anonymous visitor is found by is "
            "`anon:` + anonymous id.",
            graphql_type=list[made],
        )
        async def users(
            self,
            info: Info,
            ids: list[strawberry.ID],
            at: Annotated[datetime | None, AT] = None,
        ) -> Any:  # noqa: ANN401 - as above
            context = info.context
            asked = [ProfileId(each) for each in checked_ids("ids", ids, MOST_USERS)]
            visitors = await context.reception.visitors(asked, context.moment(at))
            return [made(visitor=visitor) for visitor in visitors]

        @strawberry.field(description="How often each block was shown, most shown first.")
        async def exposures(self, info: Info) -> list[BlockExposures]:
            return await info.context.measured.exposures()

    return Query
