"""One module per real thing, and twins in memory: the only place that imports client libraries."""
