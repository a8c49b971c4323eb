"""An anonymous profile becomes part of a user's: three guarded writes, each a step that stays."""

from attune.profiles.profile import Profile
from attune.profiles.redirect import Link
from consumers.features.followed import Profiles
from consumers.features.saves import Packed


class HandOver:
    """Freezes the source behind a redirect, lets the target absorb it, clears the source.

    A crash after any of them is finished by whoever next sees the source.
    """

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def run(self, link: Link) -> None:
        """Give everything of the link's source to its target, exactly once."""
        while True:
            followed = await self._profiles.follow({link.source, link.target}, fresh=True)
            source, target = followed.read(link.source), followed.target(link.target)
            redirect = source.redirect
            if redirect is not None and not redirect.done:
                await self.finish(source)
            elif target.id == source.id or (redirect and redirect.when >= link.when):
                return
            else:
                source.freeze(Link(source.profile, target.profile, link.when))
                await self._save(source)

    async def finish(self, source: Profile) -> None:
        """Bring a frozen profile to where its redirect points; a refused write is tried again."""
        if source.redirect is None or not await self._release(source):
            return
        into, when = source.redirect.target, source.redirect.when
        followed = await self._profiles.follow({into}, fresh=True)
        target = followed.target(into)
        if target.id == source.id:
            source.thaw()
        elif any(profile.has_absorbed(source) for profile in followed.all()):
            source.clear()  # who has it will hand it on to the target with all else
        else:
            target.take_over(source, Link(source.profile, target.profile, when))
            await self._save(target)
            return
        await self._save(source)

    async def _release(self, source: Profile) -> bool:
        """Learn what was taken in for a frozen profile where its events went before.

        From then on nothing more is. False if somebody else was writing there: try again.
        """
        if source.redirect is None or (before := source.redirect.before) is None:
            return True
        followed = await self._profiles.follow({before}, fresh=True)
        end = followed.target(before)
        if not end.has_absorbed(source):
            end.release(Link(source.profile, source.redirect.target, source.redirect.when))
            if await self._save(end):
                return False
        for profile in followed.all():
            source.ledger.recall(profile.ledger, source.profile)
        return True

    async def _save(self, profile: Profile) -> bool:
        """Write a profile; say whether somebody else was faster."""
        return bool(await self._profiles.save([Packed(profile)]))
