"""Content in PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any, get_args

import msgspec

from attune.adapters.postgres.changes import POLL_EVERY, changes
from attune.adapters.postgres.database import Database
from attune.decide.content import Block, Content, ContentStore, Noun, Rule, Segment, Slot, revised
from attune.settings import Settings

_NOUNS: tuple[Noun, ...] = get_args(Noun)
_ONE_WRITER = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class PostgresContent(ContentStore):
    """Content in tables; one replacement at a time."""

    def __init__(
        self, database: Database, settings: Settings, *, poll_every: float = POLL_EVERY
    ) -> None:
        self._database = database
        self._settings = settings
        self._poll_every = poll_every

    async def load(self) -> Content:
        """See `ContentStore.load`."""
        # One snapshot: four selects must not see half of a replacement.
        how = {"isolation": "repeatable_read", "readonly": True}
        async with self._database.transaction(**how) as connection:
            return await _load(connection)

    async def replace(self, content: Content, *, actor: str) -> None:
        """See `ContentStore.replace`."""
        async with self._database.transaction() as connection:
            await connection.execute(_ONE_WRITER, f"attune.content.{self._database.schema}")
            before = await _load(connection)
            after = revised(content, before)
            if after == before:
                return
            await _store(connection, after)
            await connection.execute(
                "INSERT INTO audit (actor, action, detail) VALUES ($1, $2, $3)",
                actor,
                "content.replace",
                {"before": _sizes(before), "after": _sizes(after)},
            )

    def changes(self) -> AsyncIterator[Noun]:
        """See `ContentStore.changes`."""
        return changes(self._settings, _NOUNS, self._poll_every)


async def _load(connection: Any) -> Content:  # noqa: ANN401 - asyncpg is untyped
    segments = await connection.fetch(
        'SELECT name, "when", description FROM segments ORDER BY position'
    )
    slots = await connection.fetch("SELECT key, description, fallback FROM slots ORDER BY position")
    blocks = await connection.fetch(
        "SELECT key, slot, component, content, tags, revision, published FROM blocks "
        'ORDER BY key COLLATE "C"'
    )
    rules = await connection.fetch(
        'SELECT slot, position, "when", block, description FROM rules '
        'ORDER BY slot COLLATE "C", position'
    )
    return Content(
        segments=tuple(Segment(**row) for row in segments),
        slots=tuple(Slot(**row) for row in slots),
        blocks=tuple(Block(**{**row, "tags": tuple(row["tags"])}) for row in blocks),
        rules=tuple(Rule(**row) for row in rules),
    )


async def _store(connection: Any, content: Content) -> None:  # noqa: ANN401 - asyncpg is untyped
    for table in ("rules", "blocks", "slots", "segments"):
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the four names above
    await connection.executemany(
        'INSERT INTO segments (name, position, "when", description) VALUES ($1, $2, $3, $4)',
        [(s.name, place, s.when, s.description) for place, s in enumerate(content.segments)],
    )
    await connection.executemany(
        "INSERT INTO slots (key, position, description, fallback) VALUES ($1, $2, $3, $4)",
        [(s.key, place, s.description, s.fallback) for place, s in enumerate(content.slots)],
    )
    await connection.executemany(
        "INSERT INTO blocks (key, slot, component, content, tags, revision, published) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [msgspec.structs.astuple(block) for block in content.blocks],
    )
    await connection.executemany(
        'INSERT INTO rules (slot, position, "when", block, description) '
        "VALUES ($1, $2, $3, $4, $5)",
        [msgspec.structs.astuple(rule) for rule in content.rules],
    )


def _sizes(content: Content) -> dict[str, int]:
    return {noun: len(items) for noun, items in msgspec.structs.asdict(content).items()}
