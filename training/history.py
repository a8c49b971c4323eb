"""Fold the archive as the stream does, and keep every state with its time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from attune.collect.event import Event, millis
from attune.features.feature import VISIT_ACTS, act_of
from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView, States
from attune.ids import ProfileId
from attune.profiles.redirect import Link, links_of
from training.states import StateFiles

_BUYING = "purchased"
_VISITING = VISIT_ACTS - {_BUYING, "refunded"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A visitor did something other than buying: a prediction would have been of use.

    `profile` is whose features were known then, `person` who the visitor turned out to be.
    """

    profile: ProfileId
    person: ProfileId
    at: datetime


@dataclass(slots=True)
class History:
    """What the fold saw, in the order of time; purchases in ms since 1970."""

    moments: list[Moment] = field(default_factory=list)
    bought: dict[ProfileId, list[int]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def buys(self, moment: Moment, horizon: timedelta) -> bool:
        """Say whether the visitor bought after the moment, and within the horizon."""
        times = self.bought.get(moment.person, [])
        start = millis(moment.at)
        after = bisect_right(times, start)
        return after < len(times) and times[after] <= start + horizon // timedelta(milliseconds=1)


class People:
    """States of every profile, folded in order; an anonymous one becomes part of a user's."""

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._states: dict[tuple[ProfileId, str], States] = {}
        self._went: dict[ProfileId, ProfileId] = {}

    def who(self, profile: ProfileId) -> ProfileId:
        """Return whose profile this one has become by now."""
        while profile in self._went:
            profile = self._went[profile]
        return profile

    def take(self, event: Event) -> tuple[ProfileId, set[str]]:
        """Fold the event; return whose it was, and the names of the views that changed."""
        changed = {name for link in links_of(event) for name in self._join(link)}
        who = self.who(event.profile)
        for view in self._features.concerned(act_of(event)):
            self._states[who, view.name] = view.update(self._of(who, view), event)
            changed.add(view.name)
        return who, changed

    def state(self, who: ProfileId, view: str) -> bytes:
        """Return a state as it is stored."""
        known = self._features.by_name[view]
        return known.encode(self._of(who, known))

    def _of(self, who: ProfileId, view: FeatureView) -> States:
        return self._states.get((who, view.name)) or view.empty()

    def _join(self, link: Link) -> set[str]:
        target = self.who(link.target)
        if link.source == target:
            return set()  # two visitors each said to be the other
        self._went[link.source] = target
        known = [view for view in self._features.views if (link.source, view.name) in self._states]
        for view in known:
            theirs = self._states.pop((link.source, view.name))
            self._states[target, view.name] = view.merge(self._of(target, view), theirs)
        return {view.name for view in known}


def write_history(events: Iterable[Event], features: FeatureSet, data: Path) -> History:
    """Fold events, the oldest first; write each view's states to where Feast joins them from.

    There is one state for each profile and microsecond, the last one: Feast needs a single newest.
    """
    people, seen = People(features), History()
    instants: list[tuple[ProfileId, datetime, bool]] = []
    with StateFiles(features, data) as files:
        for at, together in groupby(events, lambda event: event.timestamp):
            instants += _take_all(at, list(together), people, files)
            seen.first, seen.last = seen.first or at, at
    for profile, at, buying in instants:
        person = people.who(profile)
        if buying:
            seen.bought.setdefault(person, []).append(millis(at))
        else:
            seen.moments.append(Moment(profile, person, at))
    return seen


def _take_all(
    at: datetime, together: Sequence[Event], people: People, files: StateFiles
) -> Iterator[tuple[ProfileId, datetime, bool]]:
    """Fold the events of one instant; yield whose instant it was, and whether it was a purchase."""
    known: dict[tuple[ProfileId, str], datetime] = {}
    acts: dict[ProfileId, set[str]] = {}
    for event in together:
        who, changed = people.take(event)
        acts.setdefault(who, set()).add(act_of(event))
        for view in changed:
            known[who, view] = max(event.received_at, known.get((who, view), event.received_at))
    for (who, view), received in known.items():
        files.add(view, who, at, received, people.state(who, view))
    for who, what in acts.items():
        if what & _VISITING or _BUYING in what:
            yield who, at, _BUYING in what
