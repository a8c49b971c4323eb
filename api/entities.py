"""Stop 3 in GraphQL for whatever else than visitors has features: products, single visits."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.types.field import StrawberryField

from api.context import AT, Info, unanswerable
from api.features import feature_types
from api.reading import Reading
from attune.features.feature_set import FeatureSet
from attune.features.spelling import pascal


def entity_field(features: FeatureSet, made: Any) -> StrawberryField:  # noqa: ANN401 - a type
    """Return the root field of an entity: `item(id)`, by its name; it answers the type."""
    entity = features.entity

    async def resolve(
        info: Info,
        id: strawberry.ID,  # noqa: A002 - the argument's name in GraphQL
        at: Annotated[datetime | None, AT] = None,
    ) -> Any:  # noqa: ANN401 - a type made at run time
        if not id:
            raise unanswerable(f"{entity.name} needs an id", remedy="give id, not empty")
        reader = info.context.others[entity.name]
        return made(reading=await reader.read(id, info.context.moment(at)))

    resolve.__name__ = entity.name
    found: StrawberryField = strawberry.field(
        resolver=resolve,
        description=f"{entity.description}. One never seen has empty features.",
        graphql_type=made,
    )
    return found


def entity_type(features: FeatureSet) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the type of an entity."""
    types = feature_types(features)

    class Entity:
        reading: strawberry.Private[Reading]

        @strawberry.field(description="The id that was asked for.")
        def id(self) -> strawberry.ID:
            return strawberry.ID(self.reading.kept.id)

        @strawberry.field(description="By feature view.", graphql_type=types.type)
        def features(self) -> Any:  # noqa: ANN401 - as above
            return types.of(self.reading)

        @strawberry.field(description="Parts that are missing from this answer, and why.")
        def degraded(self) -> list[str]:
            return self.reading.check()

    entity = features.entity
    return strawberry.type(Entity, name=pascal(entity.name), description=f"{entity.description}.")
