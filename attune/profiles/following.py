"""Where redirects lead: a profile that was handed over is found under its old id too."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from attune.ids import ProfileId
from attune.profiles.found import Found
from attune.profiles.redirect import end_of

Load = Callable[[Collection[str]], Awaitable[Mapping[str, Found]]]
"""Finds entities by their ids, all in one round trip."""


async def followed(asked: Sequence[str], load: Load) -> dict[str, Found]:
    """Return by each id who is there now: one round trip, and one more for a step of redirects."""
    found: dict[str, Found] = {}
    pending: Collection[str] = dict.fromkeys(asked)
    while pending:
        found.update(await load(pending))
        nexts = (each.redirect.target for each in found.values() if each.redirect)
        pending = {target for target in nexts if target not in found}
    return {each: found[_end(ProfileId(each), found)] for each in found.keys() & {*asked}}


def _end(asked: ProfileId, found: Mapping[str, Found]) -> ProfileId:
    way: list[ProfileId] = []
    at: ProfileId | None = asked
    while at and at not in way:
        way.append(at)
        redirect = found[at].redirect
        at = redirect.target if redirect else None
    return end_of(way, at)
