"""What alembic runs: one schema, one transaction, one program at a time.

Started by `attune.adapters.postgres.migrate`, which hands over the settings and a list that the
applied revisions go into.
"""

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from attune.adapters.postgres.migrate import engine
from attune.settings import Settings

settings: Settings = context.config.attributes["settings"]
applied: list[str] = context.config.attributes["applied"]
schema = settings.postgres_schema


def run() -> None:
    """Bring the schema to the newest revision."""
    with engine(settings).begin() as connection:
        _prepare(connection)
        context.configure(
            connection=connection,
            version_table_schema=schema,
            on_version_apply=note,  # type: ignore[arg-type]  # alembic calls it by keyword
        )
        context.run_migrations()


def _prepare(connection: Connection) -> None:
    # The lock ends with the transaction, so also with a program that is killed.
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    connection.execute(lock, {"name": f"attune.migrations.{schema}"})
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    connection.execute(text(f'SET LOCAL search_path TO "{schema}", public'))


def note(*, step: Any, **_: object) -> None:  # noqa: ANN401 - alembic gives a type of its own
    """Remember a revision that is being applied."""
    applied.append(step.up_revision_id)


run()
