"""The tables of the system of record, as alembic revisions: `attune.adapters.postgres.migrate`."""
