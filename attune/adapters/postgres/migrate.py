"""Brings a schema to the newest revision, and says what is missing from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, pool
from sqlalchemy.exc import OperationalError, ProgrammingError

import attune.migrations
from attune.errors import ConfigurationError, Unavailable
from attune.settings import Settings

CONNECT_TIMEOUT = 5
"""Seconds."""


def migrate(settings: Settings) -> list[str]:
    """Apply what is missing, in one transaction; return the revisions, none if it is up to date.

    Programs that start it at once wait for each other, and only the first finds work. Within one
    program it must not run twice at a time: alembic keeps its context in a global.

    Raises:
        Unavailable: PostgreSQL does not answer.
        ConfigurationError: our user may not create a schema or tables.
    """
    applied: list[str] = []
    config = _config()
    config.attributes.update(settings=settings, applied=applied)
    with _our_errors(settings):
        command.upgrade(config, "head")
    return applied


def pending(settings: Settings) -> list[str]:
    """Return the revisions that `migrate` would apply, oldest first; it changes nothing.

    Raises:
        Unavailable: PostgreSQL does not answer.
    """
    scripts = ScriptDirectory.from_config(_config())
    with _our_errors(settings), engine(settings).connect() as connection:
        options = {"version_table_schema": settings.postgres_schema}
        current = MigrationContext.configure(connection, opts=options).get_current_heads()
    missing = scripts.iterate_revisions("heads", current or "base")
    return [script.revision for script in missing][::-1]


def engine(settings: Settings) -> Engine:
    """Return a synchronous engine without a pool, as alembic wants one."""
    dsn = str(settings.postgres)
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT),
        poolclass=pool.NullPool,
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(attune.migrations.__file__).parent))
    return config


@contextmanager
def _our_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable("PostgreSQL", _first_line(error)) from error
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise ConfigurationError(
            f"PostgreSQL refuses to make schema {settings.postgres_schema}: {_first_line(error)}; "
            "grant CREATE on the database, or let an administrator run `attune migrate`"
        ) from error


def _first_line(error: OperationalError | ProgrammingError) -> str:
    return str(error.orig).splitlines()[0]
