"""Profiles, identities and traits in PostgreSQL."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from attune.adapters.postgres.database import Database
from attune.ids import ProfileId
from attune.profiles.record import Known, Learned, ProfileRecords
from attune.profiles.traits import Stamp

# Rows go in sorted by key, so that two writers never wait for each other in a circle, and nothing
# is written where nothing is newer. Message ids are compared by code point, as Python does.
_SEEN = """
INSERT INTO profiles AS kept (profile_id, user_id, first_seen, last_seen)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
ON CONFLICT (profile_id) DO UPDATE SET
    first_seen = least(kept.first_seen, excluded.first_seen),
    last_seen = greatest(kept.last_seen, excluded.last_seen)
WHERE excluded.first_seen < kept.first_seen OR excluded.last_seen > kept.last_seen
"""
_LINKS = """
INSERT INTO identities AS kept (source, profile_id, at, message_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
ON CONFLICT (source) DO UPDATE SET
    profile_id = excluded.profile_id, at = excluded.at, message_id = excluded.message_id
WHERE (excluded.at, excluded.message_id COLLATE "C") > (kept.at, kept.message_id COLLATE "C")
"""
_TRAITS = """
INSERT INTO traits AS kept (profile_id, name, value, at, message_id)
SELECT profile_id, name, value::jsonb, at, message_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
    AS given (profile_id, name, value, at, message_id)
ON CONFLICT (profile_id, md5(name)) DO UPDATE SET
    value = excluded.value, at = excluded.at, message_id = excluded.message_id
WHERE (excluded.at, excluded.message_id COLLATE "C") > (kept.at, kept.message_id COLLATE "C")
"""
_WHOLE = """
WITH RECURSIVE whole (id) AS (
    SELECT $1::text UNION SELECT source FROM identities JOIN whole ON profile_id = id
)
"""
_KNOWN_SEEN = f"{_WHOLE} SELECT * FROM profiles JOIN whole ON profile_id = id"  # noqa: S608 - constants
_KNOWN_TRAITS = f"""{_WHOLE}
SELECT DISTINCT ON (name COLLATE "C") name, value FROM traits JOIN whole ON profile_id = id
ORDER BY name COLLATE "C", at DESC, message_id COLLATE "C" DESC
"""  # noqa: S608 - constants

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PostgresProfiles(ProfileRecords):
    """One row a profile, a link and a trait; each the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def learn(self, learned: Learned) -> None:
        """See `ProfileRecords.learn`."""
        async with self._database.transaction() as connection:
            for statement, columns in (
                (_SEEN, _seen(learned)),
                (_LINKS, _links(learned)),
                (_TRAITS, _traits(learned)),
            ):
                if columns:
                    await connection.execute(statement, *columns)

    async def known(self, profile: ProfileId) -> Known | None:
        """See `ProfileRecords.known`."""
        async with self._database.connection() as connection:
            seen = await connection.fetch(_KNOWN_SEEN, profile)
            traits = await connection.fetch(_KNOWN_TRAITS, profile)
        if not seen:
            return None
        return Known(
            profile,
            next((row["user_id"] for row in seen if row["profile_id"] == profile), None),
            min(row["first_seen"] for row in seen),
            max(row["last_seen"] for row in seen),
            {row["name"]: row["value"] for row in traits if row["value"] is not None},
            tuple(sorted(row["profile_id"] for row in seen if row["profile_id"] != profile)),
        )


def _seen(learned: Learned) -> list[list[Any]]:
    return _columns((s.profile, s.user_id, s.first, s.last) for s in learned.seen.values())


def _links(learned: Learned) -> list[list[Any]]:
    return _columns(
        (link.source, link.target, *_moment(link.when)) for link in learned.links.values()
    )


def _traits(learned: Learned) -> list[list[Any]]:
    return _columns(
        (t.profile, _storable(t.name), _json(t.value), *_moment(t.when))
        for t in learned.traits.values()
    )


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Turn rows into columns, sorted by the leading keys."""
    ordered = sorted(rows, key=lambda row: (row[0], str(row[1])))
    return [list(column) for column in zip(*ordered, strict=True)]


def _moment(when: Stamp) -> tuple[datetime, str]:
    return _EPOCH + timedelta(milliseconds=when[0]), when[1]


def _json(value: Any) -> str | None:  # noqa: ANN401 - a trait is JSON of any type
    """Return the value as JSON text; in an array of jsonb, a list would pass for a dimension."""
    return None if value is None else msgspec.json.encode(_storable(value)).decode()


def _storable(value: Any) -> Any:  # noqa: ANN401 - a trait is JSON of any type
    """Return the value with U+FFFD for each NUL character, which PostgreSQL cannot hold."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return value
