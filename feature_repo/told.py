"""Telling running servers which declarations are applied: `api.rollout` takes them over."""

import psycopg
from psycopg import sql

from attune.errors import ConfigurationError, Unavailable
from attune.settings import Settings

_ASK = sql.SQL("SELECT digest FROM {0}")
_TELL = sql.SQL(
    "WITH others AS (DELETE FROM {0} WHERE digest <> %(digest)s) "
    "INSERT INTO {0} (digest) VALUES (%(digest)s) "
    "ON CONFLICT (digest) DO UPDATE SET applied_at = now()"
)


def told(settings: Settings) -> str | None:
    """Return the digest of what was applied last (`attune.features.meaning`), if anything was.

    Raises:
        Unavailable: PostgreSQL does not answer.
        ConfigurationError: the schema was not migrated.
    """
    found = _run(settings, _ASK, {})
    return str(found[0]) if found else None


def tell(settings: Settings, digest: str) -> None:
    """Write down what is applied; raises as `told` does."""
    _run(settings, _TELL, {"digest": digest})


def _run(settings: Settings, query: sql.SQL, given: dict[str, str]) -> tuple[object, ...] | None:
    table = sql.Identifier(settings.postgres_schema, "declarations")
    try:
        with psycopg.connect(str(settings.postgres), connect_timeout=5) as connection:
            cursor = connection.execute(query.format(table), given)
            return cursor.fetchone() if cursor.description else None
    except psycopg.OperationalError as error:
        raise Unavailable("PostgreSQL", str(error).strip()) from error
    except psycopg.errors.UndefinedTable:
        raise ConfigurationError(
            f"the schema {settings.postgres_schema} is not up to date: run `attune migrate` first"
        ) from None
