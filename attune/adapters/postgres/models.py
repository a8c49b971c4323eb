"""Models in PostgreSQL."""

from typing import Any

from attune.adapters.postgres.database import Database
from attune.predict.store import ModelStore, StoredModel

_ONE_WRITER = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_RETIRE = "UPDATE models SET active = false WHERE name = $1 AND active"
_INSERT = """
INSERT INTO models (name, version, active, metadata, onnx)
SELECT $1, coalesce(max(version), 0) + 1, true, $2, $3 FROM models WHERE name = $1
RETURNING version
"""
_AUDIT = "INSERT INTO audit (actor, action, detail) VALUES ($1, $2, $3)"


class PostgresModels(ModelStore):
    """Models in a table; one writer of a name at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, name: str, onnx: bytes, metadata: dict[str, Any], *, actor: str) -> int:
        """See `ModelStore.publish`."""
        async with self._database.transaction() as connection:
            await connection.execute(_ONE_WRITER, self._lock(name))
            await connection.execute(_RETIRE, name)
            version = int(await connection.fetchval(_INSERT, name, metadata, onnx))
            detail = {"name": name, "version": version}
            await connection.execute(_AUDIT, actor, "model.publish", detail)
            return version

    async def activate(self, name: str, version: int, *, actor: str) -> bool:
        """See `ModelStore.activate`."""
        async with self._database.transaction() as connection:
            await connection.execute(_ONE_WRITER, self._lock(name))
            found = await connection.fetchval(
                "SELECT true FROM models WHERE name = $1 AND version = $2", name, version
            )
            if not found:
                return False
            await connection.execute(_RETIRE, name)
            await connection.execute(
                "UPDATE models SET active = true WHERE name = $1 AND version = $2", name, version
            )
            detail = {"name": name, "version": version}
            await connection.execute(_AUDIT, actor, "model.activate", detail)
            return True

    async def active(self) -> list[StoredModel]:
        """See `ModelStore.active`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT name, version, active, created_at, metadata, onnx FROM models "
                'WHERE active ORDER BY name COLLATE "C"'
            )
        return [StoredModel(**row) for row in rows]

    async def versions(self) -> list[StoredModel]:
        """See `ModelStore.versions`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT name, version, active, created_at, metadata FROM models "
                'ORDER BY name COLLATE "C", version DESC'
            )
        return [StoredModel(**row) for row in rows]

    def _lock(self, name: str) -> str:
        return f"attune.predict.store.{self._database.schema}.{name}"
