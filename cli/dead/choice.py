"""Which letters a command is about, and what they have in common."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from attune.dead import Filed
from attune.errors import ConfigurationError

_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Letters by consumer, by a part of their reason, and by when they were put aside."""

    consumer: str | None = None
    reason: str | None = None
    since: datetime | None = None

    def of(self, filed: Iterable[Filed]) -> Iterator[Filed]:
        """Yield those that are chosen."""
        return (one for one in filed if self._has(one))

    def _has(self, filed: Filed) -> bool:
        letter = filed.letter
        return (
            self.consumer in (None, letter.consumer)
            and (self.reason or "").casefold() in letter.reason.casefold()
            and (self.since is None or letter.at >= self.since)
        )


@dataclass(slots=True)
class Group:
    """Letters of one consumer with one reason."""

    consumer: str
    reason: str
    letters: list[Filed] = field(default_factory=list)

    @property
    def replayed(self) -> int:
        """How many were sent again."""
        return sum(filed.resent is not None for filed in self.letters)

    def as_json(self) -> dict[str, object]:
        """Return what a program wants to know."""
        return {
            "consumer": self.consumer,
            "reason": self.reason,
            "letters": len(self.letters),
            "replayed": self.replayed,
            "first": self.letters[0].letter.at,
            "last": self.letters[-1].letter.at,
        }


def groups(filed: Iterable[Filed]) -> list[Group]:
    """Return letters by consumer and reason, the largest group first."""
    found: dict[tuple[str, str], Group] = {}
    for one in filed:
        key = one.letter.consumer, one.letter.reason
        found.setdefault(key, Group(*key)).letters.append(one)
    return sorted(found.values(), key=lambda group: (-len(group.letters), group.reason))


def named(filed: Collection[Filed], ids: Iterable[str]) -> list[Filed]:
    """Return the letters of these ids.

    Raises:
        ConfigurationError: there is no such letter.
    """
    known = {one.id: one for one in filed}
    try:
        return [known[each] for each in dict.fromkeys(ids)]
    except KeyError as error:
        raise ConfigurationError(
            f"there is no dead letter {error.args[0]}: `attune dead list --each` shows the ids"
        ) from None


def moment(text: str, now: datetime) -> datetime:
    """Return the time that somebody means by `2h` (ago), `2026-11-02` or `2026-11-02T12:00Z`.

    Raises:
        ValueError: it means none.
    """
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
