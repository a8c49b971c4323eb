"""What analysts find in the archive: DuckDB views by name, and what is in each (docs/archive.md).

The SQL is DuckDB's own and stands alone: no extension, no setting of the session (such as its time
zone) changes what it answers, so an analyst's DuckDB says the same as ours.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from attune.adapters.archive.rows import SCHEMA
from attune.features.feature import MINUTE, VISIT_ACTS
from attune.features.sessions import Sessions
from attune.stream import EXPOSURES

_TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}

# Exact: as told, or else the sum of the lines (attune.features.purchases.revenue).
_MICROS = """coalesce(revenue_micros, list_sum(
        [coalesce(line.price_micros, 0)::HUGEINT * line.quantity for line in products]), 0)"""
_MONEY = "({micros})::DECIMAL(31, 0) * 0.000001::DECIMAL(7, 6)"
_REVENUE = _MONEY.format(micros=_MICROS)

_READ = """
UNION ALL BY NAME SELECT * FROM read_parquet([{names}],
    union_by_name = true, hive_partitioning = true, hive_types = {{'day': DATE}})"""

_ONCE = """
-- Files overlap after a replay, and clients send a message again: the one received first counts,
-- as in the stream. (A file from before visits had an id says null where a newer one knows it.)
SELECT * FROM {rows}
QUALIFY row_number() OVER (
    PARTITION BY profile, id
    ORDER BY received_at, topic, "partition", "offset", session_id NULLS LAST
) = 1
"""


def once(rows: str) -> str:
    """Return the query for each event once, of these rows of the archive."""
    return _ONCE.format(rows=rows)


_ORDERS = f"""
WITH refunds AS (
    SELECT profile, order_id, sum({_REVENUE}) AS refunded
    FROM events WHERE act = 'refunded' AND order_id IS NOT NULL GROUP BY ALL
)
SELECT bought.timestamp AS ordered_at, bought.day, bought.profile, user_id, anonymous_id,
    session_id, bought.order_id, {_REVENUE} AS revenue, currency,
    coalesce(refunded, 0)::DECIMAL(38, 6) AS refunded,
    len(products) AS lines,
    list_sum([line.quantity for line in products])::BIGINT AS units,
    products, source, id AS event_id
FROM events AS bought LEFT JOIN refunds USING (profile, order_id)
WHERE act = 'purchased'
"""  # noqa: S608 - our own expressions, here and below

_VISIT = ", ".join(f"'{act}'" for act in sorted(VISIT_ACTS))

_SESSIONS = f"""
WITH visits AS (
    SELECT *, epoch_ms(timestamp) - lag(epoch_ms(timestamp)) OVER visitor AS gap
    FROM events
    WHERE topic <> '{EXPOSURES}' AND act IN ({_VISIT})
    WINDOW visitor AS (PARTITION BY profile ORDER BY timestamp, received_at, id)
), numbered AS (
    -- More than {Sessions().gap // MINUTE} minutes without an event end a session.
    SELECT *, 1 + count(*) FILTER (gap > {Sessions().gap}) OVER (
        PARTITION BY profile ORDER BY timestamp, received_at, id ROWS UNBOUNDED PRECEDING
    ) AS session FROM visits
)
SELECT profile, session, min(timestamp) AS started_at, max(timestamp) AS ended_at, min(day) AS day,
    (epoch_ms(max(timestamp)) - epoch_ms(min(timestamp))) / 1000 AS seconds,
    count(*) AS events,
    count_if(act = 'viewed') AS views,
    count_if(act = 'added') AS added,
    count_if(act = 'purchased') AS orders,
    coalesce(sum({_REVENUE}) FILTER (act = 'purchased'), 0)::DECIMAL(38, 6) AS revenue,
    count(DISTINCT session_id) AS session_ids,
    arg_min(source, timestamp) AS source
FROM numbered GROUP BY profile, session
"""  # noqa: S608

_DAILY = f"""
SELECT day, act, count(*) AS events, count(DISTINCT profile) AS visitors,
    count_if(act = 'purchased') AS orders,
    -- Refunds are taken back, so that the sum over the acts of a day is what came in.
    coalesce(sum({_REVENUE}) FILTER (act = 'purchased'), 0)::DECIMAL(38, 6)
        - coalesce(sum({_REVENUE}) FILTER (act = 'refunded'), 0)::DECIMAL(38, 6) AS revenue
FROM events WHERE topic <> '{EXPOSURES}' GROUP BY day, act
"""  # noqa: S608

_EXPOSURES = """
SELECT timestamp AS shown_at, day, decision_id, slot, block, profile, user_id, anonymous_id,
    session_id, source, id AS event_id
FROM events WHERE decision_id IS NOT NULL
-- A decision counts once, the first time that it was received as shown.
QUALIFY row_number() OVER (PARTITION BY decision_id ORDER BY received_at, timestamp, id) = 1
"""

VIEWS: Mapping[str, str] = {
    "events": once("archived"),
    "orders": _ORDERS,
    "sessions": _SESSIONS,
    "daily": _DAILY,
    "exposures": _EXPOSURES,
}
"""Each of them over those before it, and all over `archived`."""


def views_over(files: Iterable[Path | str]) -> Iterator[str]:
    """Yield the statements that create `archived`, every row of these files, and `VIEWS`."""
    yield _view("archived", rows_of(files))
    for name, query in VIEWS.items():
        yield _view(name, query)


def rows_of(files: Iterable[Path | str]) -> str:
    """Return the query for every row of these files (patterns too) with columns of our types.

    A file need not have every column, if it is old; without files there are no rows.
    """
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"{_typed()}{_READ.format(names=names) if names else ''}"


def _view(name: str, query: str) -> str:
    return f"CREATE OR REPLACE VIEW {name} AS\n{query.strip()};\n"


def _typed() -> str:
    columns = ", ".join(f'NULL::{_type(field.type)} AS "{field.name}"' for field in SCHEMA)
    return f"SELECT {columns}, NULL::DATE AS day WHERE false"


def _type(of: pa.DataType) -> str:
    if pa.types.is_list(of):
        return f"{_type(of.value_type)}[]"
    if pa.types.is_struct(of):
        return f"STRUCT({', '.join(f'{part.name} {_type(part.type)}' for part in of)})"
    return _TYPES[of]
