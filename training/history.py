"""Fold the archive as the stream does, and keep every state with its time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import structlog

from attune.collect.event import Event, millis
from attune.features.feature import VISIT_ACTS, act_of
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded, Raised
from attune.features.view import USER
from attune.ids import EntityId, ProfileId
from attune.profiles.redirect import Link, links_of
from training.states import StateFiles

_log = structlog.get_logger()

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
        self._folded: dict[ProfileId, Folded] = {}
        self._went: dict[ProfileId, ProfileId] = {}

    def who(self, profile: ProfileId) -> ProfileId:
        """Return whose profile this one has become by now."""
        while profile in self._went:
            profile = self._went[profile]
        return profile

    def take(self, event: Event) -> ProfileId:
        """Fold the event; return whose it was."""
        for link in links_of(event):
            self._join(link)
        who = self.who(event.profile)
        _fold(self.of(who), event)
        return who

    def of(self, who: ProfileId) -> Folded:
        """Return the states of one person."""
        folded = self._folded.get(who)
        if folded is None:
            folded = self._folded[who] = Folded(self._features, {})
        return folded

    def _join(self, link: Link) -> None:
        target = self.who(link.target)
        if link.source == target:
            return  # two visitors each said to be the other
        self._went[link.source] = target
        if theirs := self._folded.pop(link.source, None):
            self.of(target).merge(theirs)


def _fold(folded: Folded, event: Event) -> None:
    """Fold an event in; a feature that raises loses it and no other, as in the stream."""
    folded.hold()
    try:
        folded.update(act_of(event), event, event.at)
    except Raised as raised:
        _log.warning("history.raised", feature=str(raised), event=event.id, exc_info=True)
        folded.go_on(raised, act_of(event), event, event.at)


def write_history(events: Iterable[Event], every: Sequence[FeatureSet], data: Path) -> History:
    """Fold events, the oldest first; write each entity's states to where Feast joins them from.

    There is one row for each entity and microsecond, the last one: Feast needs a single newest.
    The first feature set is that of users.
    """
    users, *others = every
    people, seen = People(users), History()
    things = [Things(features) for features in others]
    instants: list[tuple[ProfileId, datetime, bool]] = []
    with StateFiles(every, data) as files:
        known = _Rows(files)
        for at, together in groupby(events, lambda event: event.timestamp):
            batch = list(together)
            instants += _take_all(at, batch, people, known)
            for each in things:
                each.take_all(at, batch, known)
            seen.first, seen.last = seen.first or at, at
    for profile, at, buying in instants:
        person = people.who(profile)
        if buying:
            seen.bought.setdefault(person, []).append(millis(at))
        else:
            seen.moments.append(Moment(profile, person, at))
    return seen


class _Rows:
    """Writes whole rows; what an event did not touch is as it was."""

    def __init__(self, files: StateFiles) -> None:
        self._files = files
        self._last: dict[tuple[str, str], dict[str, bytes]] = {}

    def add(self, entity: str, known: str, at: datetime, received: datetime, now: Folded) -> None:
        """Add what an entity is from `at` on, if anything of it has changed."""
        if changed := now.changed():
            states = self._last.setdefault((entity, known), {})
            states |= changed
            self._files.add(entity, known, at, received, dict(states))


class Things:
    """States of every product or visit, folded in order."""

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._folded: dict[EntityId, Folded] = {}

    def take_all(self, at: datetime, together: Iterable[Event], rows: _Rows) -> None:
        """Fold the events of one instant, and add the rows of what they are about."""
        touched: dict[EntityId, datetime] = {}
        for event in together:
            for thing, part in self._features.entity.slices(event):
                folded = self._folded.get(thing)
                if folded is None:
                    folded = self._folded[thing] = Folded(self._features, {})
                _fold(folded, part)
                touched[thing] = max(event.received_at, touched.get(thing, event.received_at))
        for thing, received in touched.items():
            rows.add(self._features.entity.name, thing, at, received, self._folded[thing])


def _take_all(
    at: datetime, together: Sequence[Event], people: People, rows: _Rows
) -> Iterator[tuple[ProfileId, datetime, bool]]:
    """Fold the events of one instant; yield whose instant it was, and whether it was a purchase."""
    received: dict[ProfileId, datetime] = {}
    acts: dict[ProfileId, set[str]] = {}
    for event in together:
        who = people.take(event)
        acts.setdefault(who, set()).add(act_of(event))
        received[who] = max(event.received_at, received.get(who, event.received_at))
    for who, last in received.items():
        rows.add(USER.name, who, at, last, people.of(who))
    for who, what in acts.items():
        if what & _VISITING or _BUYING in what:
            yield who, at, _BUYING in what
