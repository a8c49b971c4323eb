"""What the data means: seven stops from event to measured decision, without network or clock.

The stops, in order: `collect`, `stream`, `features`, `profiles`, `predict`, `decide`, `measure`.
`adapters` holds one module per real thing (Kafka, Redis, Feast's bytes, ONNX, PostgreSQL).
"""

from attune.compiled import check

check()
