"""Measurements in PostgreSQL."""

from collections.abc import Sequence

from attune.adapters.postgres.database import Database
from attune.measure import BlockCount, MeasureStore, Shown

# One statement: an exposure is stored and counted, or neither. Rows are counted in the order of
# their keys, so that two consumers never wait for each other in a circle.
_RECORD = """
WITH seen AS (
    INSERT INTO exposures (decision_id, slot, block, profile_id, at, message_id)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                         $6::text[])
    ON CONFLICT (decision_id) DO NOTHING
    RETURNING slot, block, at
), counted AS (
    INSERT INTO exposure_counts AS kept (slot, block, day, count)
    SELECT slot, block, (at AT TIME ZONE 'UTC')::date, count(*)
    FROM seen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (slot, block, day) DO UPDATE SET count = kept.count + excluded.count
)
SELECT count(*) FROM seen
"""


class PostgresMeasures(MeasureStore):
    """Exposures by decision, and their counts by block and day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, shown: Sequence[Shown]) -> int:
        """See `MeasureStore.record`."""
        rows = sorted(
            ((s.decision_id, s.slot, s.block, s.profile, s.at, s.message_id) for s in shown),
            key=lambda row: row[0],
        )
        if not rows:
            return 0
        columns = [list(column) for column in zip(*rows, strict=True)]
        async with self._database.connection() as connection:
            return int(await connection.fetchval(_RECORD, *columns))

    async def counts(self) -> list[BlockCount]:
        """See `MeasureStore.counts`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT slot, block, sum(count)::bigint AS shown FROM exposure_counts "
                'GROUP BY slot, block ORDER BY shown DESC, slot COLLATE "C", block COLLATE "C"'
            )
        return [BlockCount(**row) for row in rows]
