"""The archive: what happened, for good. `store` says what it does, and opens the configured one.

Parquet files by day of the event, read by DuckDB: `<root>/day=2024-05-01/*.parquet`. `rows` is
their layout, `writer` makes them (one for each topic partition of a batch), `reached` says up to
where all are there, `compaction` joins them, `reader` gives the events back, each once, and
`views` and `analysis` answer analysts.

Or ClickHouse: `clickhouse` is the store, `clickhouse_sql` its questions, `clickhouse_http` and
`arrow_stream` the way there and back.
"""
