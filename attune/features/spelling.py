"""How names are spelled elsewhere: features are in snake case, GraphQL and rules are not."""

import re

_UNDERSCORE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    """Return the name as GraphQL and rules spell it: `behavior_score` -> `behaviorScore`."""
    return _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)


def pascal(name: str) -> str:
    """Return the name as GraphQL spells types: `user_activity` -> `UserActivity`."""
    return "".join(part.capitalize() for part in name.split("_"))
