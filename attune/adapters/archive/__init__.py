"""The archive: what happened, for good. Parquet files by day of the event, read by DuckDB.

`<root>/day=2024-05-01/events.behavioral-3-00…42-00…99.parquet` holds the events at offsets 42 to 99
of a partition whose day that was. `rows` is their layout, `writer` makes files (consumers), and
`reader` gives the events back, each once (training, analysts).
"""
