"""Which feature declarations are applied, in PostgreSQL."""

from collections.abc import AsyncIterator

from attune.adapters.postgres.changes import changes
from attune.adapters.postgres.database import Database
from attune.settings import Settings


class PostgresDeclarations:
    """One row: what `attune features apply` has applied last."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def applied(self) -> str | None:
        """Return the digest of what is applied (`attune.features.meaning`), if anything is.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        async with self._database.connection() as connection:
            found: str | None = await connection.fetchval("SELECT digest FROM declarations")
        return found

    def changes(self) -> AsyncIterator[str]:
        """Yield something whenever another digest may have been applied, and now and then."""
        return changes(self._settings, ("features",))
