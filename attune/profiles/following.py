"""Where redirects lead: a profile that was handed over is found under its old id too."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from attune.ids import ProfileId
from attune.profiles.found import Found
from attune.profiles.redirect import end_of

Load = Callable[[Collection[str]], Awaitable[Mapping[str, Found]]]
"""Finds entities by their ids, all in one round trip."""


async def followed(asked: Sequence[str], load: Load) -> dict[str, Found]:
    """Return by each id who is there now: one round trip, and one more for a step of redirects."""
    if not asked:
        return {}
    found = {**await load(dict.fromkeys(asked))}
    if not any(each.redirect for each in found.values()):  # as a rule
        return found
    while pending := _ahead(found):
        found.update(await load(pending))
    return {each: found[_end(ProfileId(each), found)] for each in asked}


def _ahead(found: Mapping[str, Found]) -> set[ProfileId]:
    nexts = {each.redirect.target for each in found.values() if each.redirect}
    return nexts - found.keys()


def _end(asked: ProfileId, found: Mapping[str, Found]) -> ProfileId:
    way: list[ProfileId] = []
    at: ProfileId | None = asked
    while at and at not in way:
        way.append(at)
        redirect = found[at].redirect
        at = redirect.target if redirect else None
    return end_of(way, at)
