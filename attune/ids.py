"""Identifiers, each its own type: a user id cannot be passed where a profile id is meant."""

from typing import Final, NewType

UserId = NewType("UserId", str)
AnonymousId = NewType("AnonymousId", str)
MessageId = NewType("MessageId", str)
EntityId = NewType("EntityId", str)

ProfileId = NewType("ProfileId", str)
"""The Kafka key and the value of the `user_id` join key in Feast.

A known user's profile id is the user id as it is, so that ML engineers read Feast with the ids
they know; an anonymous visitor's is the anonymous id behind `ANONYMOUS`.
"""

ANONYMOUS: Final = "anon:"


def profile_of(user_id: str | None, anonymous_id: str | None) -> ProfileId:
    """Return the profile that an event with these ids belongs to.

    Raises:
        ValueError: both ids are missing.
    """
    if user_id:
        return ProfileId(user_id)
    if anonymous_id:
        return anonymous_profile(anonymous_id)
    raise ValueError("an event needs userId or anonymousId")


def anonymous_profile(anonymous_id: str) -> ProfileId:
    """Return the profile id of a visitor who has not told who they are."""
    return ProfileId(ANONYMOUS + anonymous_id)
