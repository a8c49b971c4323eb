"""Live answers in GraphQL: the one subscription."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import strawberry
from strawberry.tools import create_type

from api.context import Info, asked_profile
from api.decide import Block, blocks_of
from api.live.answers import Answer
from api.live.watch import AnswerCause
from attune.collect.event import millis


def subscription_type(user_type: Any) -> Any:  # noqa: ANN401 - a type made at run time
    """Return the subscription type that answers with this type of users."""
    personalization_type = _personalization_type(user_type)

    @strawberry.subscription(
        description="The visitor and what to show them: at once, and anew when they have done "
        "something or the content changes. Somebody never seen gets an empty profile first.",
        graphql_type=personalization_type,
    )
    async def personalization(
        info: Info,
        user_id: strawberry.ID | None = None,
        anonymous_id: strawberry.ID | None = None,
        slots: list[str] | None = None,
    ) -> AsyncIterator[Any]:
        context = info.context
        asked = asked_profile("personalization", user_id, anonymous_id)
        answers = context.live.answers(asked, lambda: millis(context.clock()))
        async with aclosing(answers):
            async for answer in answers:
                yield personalization_type(answer=answer, slots=slots)

    return create_type("Subscription", [personalization])


def _personalization_type(user_type: Any) -> Any:  # noqa: ANN401 - as above
    @strawberry.type(description="An answer, which the next one replaces.")
    class Personalization:
        answer: strawberry.Private[Answer]
        slots: strawberry.Private[list[str] | None]

        @strawberry.field(description="Why it is sent.")
        def cause(self) -> AnswerCause:
            return self.answer.cause

        @strawberry.field(description="Who they are and what they do.", graphql_type=user_type)
        def user(self) -> Any:  # noqa: ANN401 - as above
            return user_type(visitor=self.answer.visitor)

        @strawberry.field(description="What to show in the slots that were asked for, or in all.")
        def blocks(self) -> list[Block]:
            return blocks_of(self.answer.visitor, self.slots)

    return Personalization
