"""The archive in ClickHouse's SQL: two tables, and the questions asked of them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from attune.adapters.archive.reached import TopicPartition
from attune.adapters.archive.rows import SCHEMA

EVENTS_TABLE, REACHED_TABLE = "attune_events", "attune_reached"

# The key begins with the profile, for whom most is asked, and ends with the place in Kafka: what
# is inserted again becomes one row when parts are merged (and is read as one before), while a
# message that was sent twice stays two, since a reader up to an offset may need either. By month,
# because a batch may hold late events of many days, and makes a part for each partition.
# fsync_*: the offsets are committed once an insert is answered; that must outlive a power cut.
CREATE = (
    f"""
CREATE TABLE IF NOT EXISTS {EVENTS_TABLE} (
    `id` String,
    `type` LowCardinality(String),
    `kind` LowCardinality(String),
    `name` Nullable(String),
    `act` LowCardinality(String),
    `timestamp` DateTime64(6, 'UTC'),
    `received_at` DateTime64(6, 'UTC'),
    `source` LowCardinality(String),
    `profile` String,
    `user_id` Nullable(String),
    `anonymous_id` Nullable(String),
    `session_id` Nullable(String),
    `previous_id` Nullable(String),
    `group_id` Nullable(String),
    `commerce_action` LowCardinality(Nullable(String)),
    `products` Array(Tuple(id String, category Nullable(String), brand Nullable(String),
        price_micros Nullable(Int64), quantity Int64)),
    `order_id` Nullable(String),
    `revenue_micros` Nullable(Int64),
    `currency` LowCardinality(Nullable(String)),
    `decision_id` Nullable(String),
    `slot` LowCardinality(Nullable(String)),
    `block` LowCardinality(Nullable(String)),
    `traits` Nullable(String),
    `properties` Nullable(String),
    `context` Nullable(String),
    `v` Int16,
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (profile, timestamp, id, topic, `partition`, `offset`, received_at)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1
""",
    f"""
CREATE TABLE IF NOT EXISTS {REACHED_TABLE} (
    `topic` LowCardinality(String),
    `partition` Int32,
    `offset` Int64
) ENGINE = ReplacingMergeTree(`offset`)
ORDER BY (topic, `partition`)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
""",
)

_COLUMNS = ", ".join(f"`{name}`" for name in SCHEMA.names)

# The same message received first counts, as in the stream. A window and not LIMIT 1 BY, which
# would hold every message id in memory; sorting goes to the disk when it must.
_ONCE = """
SELECT * FROM (
    SELECT *, row_number() OVER (
        PARTITION BY profile, id
        ORDER BY received_at, topic, `partition`, `offset`, session_id NULLS LAST
    ) AS copy
    FROM {table} WHERE {where}
) WHERE copy = 1"""

_TAKEN = """
SELECT {columns} FROM (
    SELECT * REPLACE (
        toUnixTimestamp64Micro(timestamp) AS timestamp,
        toUnixTimestamp64Micro(received_at) AS received_at
    ) FROM (SELECT * FROM ({once}) WHERE {where})
) ORDER BY timestamp, received_at, profile, id
SETTINGS max_bytes_before_external_sort = 1000000000"""

REACHED = (
    "SELECT topic, `partition`, max(`offset`) AS reached "  # noqa: S608 - our own names, in all of this file
    f"FROM {REACHED_TABLE} GROUP BY topic, `partition` ORDER BY topic, `partition`"
)

DAYS = f"""
SELECT toString(day) AS day, files, bytes, events FROM (
    SELECT toDate(timestamp) AS day, count() AS events
    FROM ({_ONCE.format(table=EVENTS_TABLE, where="true")}) GROUP BY day
) AS counted JOIN (
    -- A part holds a month or less; each of its days is given its share of the bytes.
    SELECT day, count() AS files, toInt64(round(sum(number * share))) AS bytes FROM (
        SELECT toDate(timestamp) AS day, _part AS part, count() AS number
        FROM {EVENTS_TABLE} GROUP BY day, part
    ) AS rows JOIN (
        SELECT name AS part, bytes_on_disk / rows AS share FROM system.parts
        WHERE database = currentDatabase() AND table = '{EVENTS_TABLE}' AND active
    ) AS parts USING part GROUP BY day
) AS stored USING day ORDER BY day"""  # noqa: S608

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def insert(token: str) -> str:
    """Return the statement that a batch follows as Parquet.

    The token tells the server that it has this batch already. `async_insert = 0`: it answers when
    the rows are stored, whatever is usual on that server.
    """
    return (
        f"INSERT INTO {EVENTS_TABLE} ({_COLUMNS}) SETTINGS async_insert = 0, "
        f"max_partitions_per_insert_block = 0, insert_deduplication_token = {text(token)} "
        "FORMAT Parquet"
    )


def advance(ends: Mapping[TopicPartition, int]) -> str:
    """Return the statement that says how far the archive reaches; the highest offset stays."""
    rows = (f"({text(topic)}, {int(part)}, {int(end)})" for (topic, part), end in ends.items())
    return f"INSERT INTO {REACHED_TABLE} SETTINGS async_insert = 0 VALUES {', '.join(rows)}"  # noqa: S608


def taken(
    upto: Mapping[TopicPartition, int] | None,
    until: datetime | None,
    profiles: Collection[str] | None,
    topics: Collection[str],
) -> str:
    """Return the query for `ArchiveStore.taken`."""
    within = ["true"]
    if upto is not None:
        within.append(_cut(upto))
    if profiles is not None:
        within.append(f"profile IN {_list(profiles)}")
    wanted = [f"topic IN {_list(topics)}"]
    if until is not None:
        micros = (until - _EPOCH) // timedelta(microseconds=1)
        wanted.append(f"timestamp < fromUnixTimestamp64Micro({micros}, 'UTC')")
    once = _ONCE.format(table=EVENTS_TABLE, where=" AND ".join(within))
    return _TAKEN.format(columns=_COLUMNS, once=once, where=" AND ".join(wanted))


def _cut(upto: Mapping[TopicPartition, int]) -> str:
    within = (
        f"(topic = {text(topic)} AND `partition` = {int(part)} AND `offset` <= {int(end)})"
        for (topic, part), end in upto.items()
    )
    return f"({' OR '.join(within) or 'false'})"


def _list(values: Iterable[str]) -> str:
    return f"({', '.join(map(text, values)) or 'NULL'})"


def text(value: str) -> str:
    """Return a string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
